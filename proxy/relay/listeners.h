#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "proxy/core/address.h"
#include "proxy/relay/session_table.h"
#include "proxy/ring/ring.h"

namespace ringway::proxy {

/// One worker's listening sockets. Each belongs to one port of a Service; a port without endpoints does not listen, so
/// that its clients are refused by the kernel at once, or is silent where the plan says so. Accepting pauses while
/// there is no file or session to be had, and what comes meanwhile waits in the backlog. One thread.
class Listeners {
 public:
  Listeners(Ring& ring, SessionTable& sessions, SessionBudget& budget, WorkerCounters& counters)
      : ring_(ring), sessions_(sessions), budget_(budget), counters_(counters) {}

  /// Takes over `fd`, bound to `address` and not listening yet; `follow` starts it. With -1 there is none: connections
  /// to `address` come by a socket of kSteeredSlot, which stands for many and listens already.
  void add(int fd, const SocketAddress& address, std::uint32_t port_slot);
  /// Another port has this address from now on.
  void retarget(const SocketAddress& address, std::uint32_t port_slot);
  /// Serves what stands in the backlog by the plan in force, then closes.
  void remove(const SocketAddress& address);
  void remove_all();
  /// Serves what stands in the backlogs of kSteeredSlot by the plan in force: before addresses are removed.
  void serve_steered();
  /// Listens or refuses, as the plan in force says for this port.
  void follow(std::uint32_t port_slot);

  void on_completion(const Completion& completion);
  /// Makes sessions of accepted connections, `kOpened` at the most, or `kOpenedBesideMessages` in a turn that brought
  /// messages: a flood of connections does not hold up the sessions that there are already. Once a turn.
  void open_accepted(bool beside_messages);
  [[nodiscard]] bool accepted_wait() const { return !accepted_.empty(); }
  /// Stops accepting until `resume`, for there are no files or sessions to be had.
  void pause();
  /// Accepts again if there is room; call at `next_timer` and after sessions have ended.
  void resume(Time now);
  [[nodiscard]] Time next_timer() const { return paused_ ? resume_at_ : Time::max(); }
  [[nodiscard]] bool empty() const { return open_ == 0 && accepted_.empty(); }

 private:
  struct Listener {
    int fd = -1;
    std::uint32_t generation = 0;
    std::uint32_t port_slot = 0;
    SocketAddress address;
    bool listening = false;
    bool silent = false;     ///< it listens, and answers nobody
    bool accepting = false;  ///< an accept is in flight
    bool closing = false;
  };

  struct Accepted {
    int fd;
    std::uint32_t port_slot;
    SocketAddress virtual_ip;
  };
  static constexpr std::size_t kOpened = 4;
  static constexpr std::size_t kOpenedBesideMessages = 1;

  void update(std::uint32_t index);
  void accept(std::uint32_t index);
  void close(std::uint32_t index);
  void leave_slot(std::uint32_t index);
  void serve_backlog(const Listener& listener);
  void take(int client, const Listener& listener);
  void open_first();
  [[nodiscard]] std::uint32_t slot_now(const Accepted& accepted) const;
  void close_if_idle(std::uint32_t index);

  Ring& ring_;
  SessionTable& sessions_;
  SessionBudget& budget_;
  WorkerCounters& counters_;
  std::vector<Listener> listeners_;
  std::vector<std::uint32_t> free_;
  std::unordered_map<SocketAddress, std::uint32_t> by_address_;
  std::unordered_multimap<std::uint32_t, std::uint32_t> by_slot_;
  std::unordered_map<SocketAddress, std::uint32_t> steered_;  ///< to the slot of its port
  std::deque<Accepted> accepted_;
  std::size_t open_ = 0;
  bool paused_ = false;
  Time resume_at_;
};

}  // namespace ringway::proxy
