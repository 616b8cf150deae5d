#pragma once

#include <cstdint>
#include <map>

#include "tests/sim/peers.h"

namespace ringway::sim {

/// The hosts that containers run on: who may be sent sessions, as the engines know it at this moment, and whether
/// anybody listens there. An address tells the Service too, for each Service has a port number of its own.
class Hosts final : public proxy::simulated::Router,
                    public proxy::simulated::ListenWatcher,
                    public proxy::simulated::Actor {
 public:
  explicit Hosts(proxy::simulated::Timeline& timeline) : timeline_(timeline) {}
  /// Before anything happens: they need each other.
  void join(proxy::simulated::Network& network, Peers& peers) {
    network_ = &network;
    peers_ = &peers;
  }

  /// A connection to `address` is taken or refused from now on.
  void set_listening(const SocketAddress& address, bool listening);
  /// New sessions may go to `address` from now on, or may not.
  void set_usable(const SocketAddress& address, bool usable);

  /// How long no session should have gone to `address`; zero where one may.
  [[nodiscard]] Duration gone_for(const SocketAddress& address) const;
  /// Whether one host of the Service with this port has been usable all the time since `since`.
  [[nodiscard]] bool any_usable_since(std::uint16_t port, Time since) const;

  proxy::simulated::Route route(const SocketAddress& to, Duration& late) override;

 private:
  struct Place {
    proxy::simulated::ListenerId listener = 0;
    bool usable = false;
    Time since;
  };
  Place& at(const SocketAddress& address);
  void listener_changed(proxy::simulated::ListenerId listener) override;
  void act(std::uint32_t what, std::uint32_t subject) override;

  proxy::simulated::Timeline& timeline_;
  proxy::simulated::Network* network_ = nullptr;
  Peers* peers_ = nullptr;
  std::map<SocketAddress, Place> places_;
};

}  // namespace ringway::sim
