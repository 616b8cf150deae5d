#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "proxy/ring/simulated/network.h"
#include "tests/sim/scenario.h"

namespace ringway::sim {

using proxy::SocketAddress;
using proxy::Time;
using proxy::simulated::EndId;
using proxy::simulated::kNoEnd;

/// What one peer is going to do.
struct Script {
  enum class Ending : std::uint8_t { kFin, kFinLast, kClose, kReset, kVanish };
  std::uint32_t bytes = 0;
  std::uint32_t most_chunk = 1;
  Duration most_gap{};
  bool answers = false;
  std::uint32_t most_read = 65'536;
  Duration most_read_gap{};
  std::uint64_t stall_at = ~std::uint64_t{0};  ///< bytes read
  Duration stall{};
  Ending ending = Ending::kFin;
  Duration end_after{};  ///< of kReset and kVanish
  Duration give_up{};    ///< so long it waits for the other side
};

/// The programs at both ends of the data plane: clients and upstreams, each with a script.
class Peers final : public proxy::simulated::Actor, public proxy::simulated::EndWatcher {
 public:
  Peers(proxy::simulated::Timeline& timeline, proxy::simulated::Network& network, proxy::simulated::Trace& trace,
        const Scenario& scenario, std::uint64_t seed)
      : timeline_(timeline), network_(network), trace_(trace), scenario_(scenario), random_(seed) {}

  /// Called before a peer gives up waiting.
  void on_giving_up(std::function<void(EndId)> callback) { giving_up_ = std::move(callback); }

  void connect(const SocketAddress& local, const SocketAddress& to);
  /// A connection that an upstream has accepted.
  void serve(EndId end);

  [[nodiscard]] std::size_t open() const { return open_; }
  [[nodiscard]] Time last_ended() const { return last_ended_; }

 private:
  enum Happening : std::uint32_t { kStart, kWrite, kRead, kEnd, kGiveUp, kGone };
  struct Peer {
    EndId end = kNoEnd;
    Script script;
    std::uint32_t sent = 0;
    std::uint64_t read = 0;
    std::uint32_t may_send = 0;  ///< of one that answers: chunks
    bool started = false;
    bool write_planned = false;
    bool write_blocked = false;
    bool read_planned = false;
    bool fin_sent = false;
    bool fin_read = false;
    bool closed = false;
  };

  void act(std::uint32_t what, std::uint32_t subject) override;
  void changed(EndId end) override;
  std::uint32_t add(EndId end, bool client);
  Script draw_script(const Manners& manners, bool client);
  void start(std::uint32_t index);
  void plan_write(std::uint32_t index, Duration delay);
  void plan_read(std::uint32_t index, Duration delay);
  void write(std::uint32_t index);
  void read(std::uint32_t index);
  void said_all(std::uint32_t index);
  void end(std::uint32_t index);
  void close(std::uint32_t index, const char* how);
  void ended();

  proxy::simulated::Timeline& timeline_;
  proxy::simulated::Network& network_;
  proxy::simulated::Trace& trace_;
  const Scenario& scenario_;
  Random random_;
  std::function<void(EndId)> giving_up_;
  std::deque<Peer> peers_;
  std::vector<std::uint32_t> peer_of_end_;
  std::size_t open_ = 0;
  Time last_ended_;
  std::vector<std::byte> scratch_;
};

}  // namespace ringway::sim
