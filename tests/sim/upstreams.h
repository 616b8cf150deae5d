#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "tests/sim/peers.h"

namespace ringway::sim {

/// The hosts behind the Services: whether a connection reaches one, and who serves it there.
class Upstreams final : public proxy::simulated::Router,
                        public proxy::simulated::ListenWatcher,
                        public proxy::simulated::Actor {
 public:
  Upstreams(proxy::simulated::Timeline& timeline, const Scenario& scenario, std::uint64_t seed)
      : timeline_(timeline), troubles_(scenario.troubles), random_(seed) {}
  /// Before anything happens: they need each other.
  void join(proxy::simulated::Network& network, Peers& peers) {
    network_ = &network;
    peers_ = &peers;
  }

  /// A new host that serves at an address of its own.
  SocketAddress add();

  proxy::simulated::Route route(const SocketAddress& to, Duration& late) override;

 private:
  void listener_changed(proxy::simulated::ListenerId listener) override;
  void act(std::uint32_t what, std::uint32_t subject) override;

  proxy::simulated::Timeline& timeline_;
  Troubles troubles_;
  Random random_;
  proxy::simulated::Network* network_ = nullptr;
  Peers* peers_ = nullptr;
  std::uint32_t count_ = 0;
  std::unordered_map<SocketAddress, proxy::simulated::ListenerId> listeners_;
};

}  // namespace ringway::sim
