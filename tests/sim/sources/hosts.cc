#include "tests/sim/sources/hosts.h"

#include <algorithm>

namespace ringway::sim {

Hosts::Place& Hosts::at(const SocketAddress& address) {
  const auto [found, is_new] = places_.try_emplace(address);
  if (is_new) {
    found->second = {.listener = network_->bind(address, *this), .usable = false, .since = Time()};
  }
  return found->second;
}

void Hosts::set_listening(const SocketAddress& address, bool listening) {
  network_->set_listening(at(address).listener, listening);
}

void Hosts::set_usable(const SocketAddress& address, bool usable) {
  Place& place = at(address);
  if (place.usable != usable) {
    place.usable = usable;
    place.since = timeline_.now();
  }
}

Duration Hosts::gone_for(const SocketAddress& address) const {
  const auto found = places_.find(address);
  if (found == places_.end()) {
    return Duration::max();
  }
  return found->second.usable ? Duration::zero() : timeline_.now() - found->second.since;
}

bool Hosts::any_usable_since(std::uint16_t port, Time since) const {
  return std::ranges::any_of(places_, [port, since](const auto& one) {
    return one.first.port() == port && one.second.usable && one.second.since <= since;
  });
}

proxy::simulated::Route Hosts::route(const SocketAddress& /*to*/, Duration& /*late*/) {
  return proxy::simulated::Route::kDelivered;
}

void Hosts::listener_changed(proxy::simulated::ListenerId listener) {
  if (network_->has_backlog(listener)) {
    timeline_.after(std::chrono::microseconds(50), *this, 0, listener);
  }
}

void Hosts::act(std::uint32_t /*what*/, std::uint32_t listener) {
  if (const EndId end = network_->accept(listener, *peers_); end != kNoEnd) {
    peers_->serve(end);
  }
}

}  // namespace ringway::sim
