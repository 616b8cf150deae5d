#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "proxy/core/session_budget.h"
#include "proxy/relay/listeners.h"
#include "proxy/relay/session_table.h"
#include "proxy/ring/ring.h"

namespace ringway::proxy {

/// What changes between two plans, for one reactor.
struct Switch {
  struct NewListener {
    int fd;  ///< -1: connections to `address` come by a socket of kSteeredSlot
    SocketAddress address;
    std::uint32_t port_slot;
  };
  const Plan* plan = nullptr;
  std::vector<std::uint32_t> changed_slots;
  std::vector<NewListener> added;
  std::vector<std::pair<SocketAddress, std::uint32_t>> retargeted;
  std::vector<SocketAddress> removed;
  std::function<void()> listeners_stand;  ///< called on the worker's thread when all of the above is done; may be empty
};

/// One ring, its listeners, its sessions and the plan in force: all that a worker does, without its thread, so that the
/// simulator can run it too. One thread.
class Reactor final : private CompletionHandler {
 public:
  struct Hooks {
    std::function<void(Reactor&)> woken;                  ///< `wake_fd` became readable
    std::function<void(std::uint64_t version)> in_force;  ///< after each switch
  };

  /// `wake_fd`: an eventfd by which other threads end the wait, or -1. `shared.ring` outlives the reactor.
  Reactor(const SessionTable::Shared& shared, int wake_fd, Hooks hooks);
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  /// Waits for completions and timers and handles what came. False when the reactor has stopped.
  bool turn();

  void switch_to(const Switch& change);
  /// Closes the listeners; `done` runs when the last session has ended.
  void drain(std::function<void()> done);
  /// Closes the sessions, for `kStopGrace` politely; `turn` answers false when that is over.
  void stop();

  [[nodiscard]] SessionTable& sessions() { return sessions_; }

 private:
  void on_completion(const Completion& completion) override;
  void arm_wake();
  [[nodiscard]] Time next_deadline() const;
  void finish_drain();
  [[nodiscard]] bool stopped();

  Ring& ring_;
  SessionTable sessions_;
  Listeners listeners_;
  int wake_fd_;
  Hooks hooks_;
  std::function<void()> drained_;
  bool stopping_ = false;
  bool aborted_ = false;
  Time stop_limit_;
};

}  // namespace ringway::proxy
