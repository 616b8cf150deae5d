#include "tests/sim/upstreams.h"

namespace ringway::sim {
namespace {

using proxy::simulated::ListenerId;
using proxy::simulated::Route;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint32_t kFirstAddress = 0x0a010001;
constexpr std::uint16_t kPort = 8080;

}  // namespace

SocketAddress Upstreams::add() {
  const SocketAddress address(proxy::IpAddress::v4(kFirstAddress + count_++), kPort);
  const ListenerId listener = network_->bind(address, *this);
  network_->set_listening(listener, true);
  listeners_[address] = listener;
  return address;
}

Route Upstreams::route(const SocketAddress& to, Duration& late) {
  const auto found = listeners_.find(to);
  if (found == listeners_.end()) {
    return Route::kDelivered;  // A client's, to a virtual IP.
  }
  if (random_.chance(troubles_.silent)) {
    return Route::kSilent;
  }
  if (random_.chance(troubles_.slow)) {
    late = milliseconds(random_.below(2500));
  }
  if (random_.chance(troubles_.unreachable)) {
    return Route::kUnreachable;
  }
  network_->set_listening(found->second, !random_.chance(troubles_.refuses));
  return Route::kDelivered;
}

void Upstreams::listener_changed(ListenerId listener) {
  if (network_->has_backlog(listener)) {
    timeline_.after(microseconds(random_.below(100)), *this, 0, listener);
  }
}

void Upstreams::act(std::uint32_t /*what*/, std::uint32_t listener) {
  if (const EndId end = network_->accept(listener, *peers_); end != kNoEnd) {
    peers_->serve(end);
  }
}

}  // namespace ringway::sim
