#include <cerrno>
#include <utility>

#include "proxy/core/client_hello.h"
#include "proxy/relay/session_table.h"

// Of a port with routes: the ClientHello is read before an upstream is picked, and goes to it whole. It stands in the
// client's relay meanwhile, as if the upstream were slow.
namespace ringway::proxy {

/// The port, or the route of it, that the session belongs to; null where that is gone, and its place free or another's.
const ServicePort* Session::own_port() const {
  const ServicePort* port = table_->plan_->port(port_slot_);
  const RouteStats* route = routed_ == nullptr ? nullptr : routed_->route.get();
  const bool own = port != nullptr && port->stats.get() == stats_ && port->route.get() == route;
  return own ? port : nullptr;
}

void Session::await_hello(const ServicePort& port) {
  state_ = State::kAwaitingHello;
  leave_endpoint();
  routed_ = std::make_unique<Routed>();
  table_->timers_.set(slot_, table_->shared_.ring.now() + port.sni->timeout);
  if (from(Side::kClient).sending.empty()) {
    receive(Side::kClient, false);
  } else {
    look_at_hello();
  }
}

void Session::on_hello(const Completion& completion) {
  Relay& relay = from(Side::kClient);
  if (completion.result > 0) {
    Buffer buffer = completion.buffer;
    if (relay.sending.empty()) {
      relay.sending = buffer;
      relay.sent = 0;
    } else {
      table_->shared_.ring.append(relay.sending, buffer);
      relay.queued = buffer;  // empty, unless there was no room for all of it
    }
    look_at_hello();
  } else if (completion.result == 0) {
    relay.ended = true;
    take_route("", SniMiss::kNoHello);
  } else if (timed_out_ && (completion.result == -ECANCELED || completion.result == -ENOBUFS)) {
    take_route("", SniMiss::kTimeout);
  } else if (completion.result == -ENOBUFS) {
    receive(Side::kClient, false);
  } else {
    // Also where its time is over: the socket tells of an error once.
    refuse(Cause::kClientReset);
  }
}

void Session::look_at_hello() {
  const Relay& relay = from(Side::kClient);
  auto hello = parse_client_hello(table_->shared_.ring.bytes(relay.sending).subspan(relay.sent));
  if (hello) {
    take_route(std::move(hello->server_name), SniMiss::kNoName);
  } else if (hello.error() == ClientHelloError::kInvalid || !relay.queued.empty()) {
    take_route("", SniMiss::kNoHello);
  } else if (timed_out_) {
    take_route("", SniMiss::kTimeout);
  } else {
    receive(Side::kClient, true);
  }
}

/// The receive that is under way has to end first: two at a time are not allowed.
void Session::on_hello_timeout() {
  timed_out_ = true;
  table_->shared_.ring.cancel(fd(Side::kClient));
}

void Session::take_route(std::string name, SniMiss otherwise) {
  timed_out_ = false;
  table_->timers_.clear(slot_);
  state_ = State::kConnecting;
  const ServicePort* port = own_port();
  if (port == nullptr) {
    refuse(Cause::kNoEndpoint);
    return;
  }
  if (port->sni != nullptr) {
    const auto slot = name.empty() ? std::nullopt : port->sni->names.find(name);
    const ServicePort* route = slot ? table_->plan_->port(*slot) : nullptr;
    if (route != nullptr) {
      port_slot_ = *slot;
      routed_->route = route->route;
      route->route->sessions.fetch_add(1, std::memory_order_relaxed);
    } else {
      const SniMiss miss = name.empty() ? otherwise : SniMiss::kNoRoute;
      port->sni->stats->missed[static_cast<std::size_t>(miss)].fetch_add(1, std::memory_order_relaxed);
    }
    routed_->server_name = std::move(name);
    if (route == nullptr && port->sni->reject) {
      refuse(Cause::kServerName);
      return;
    }
  }
  connect_next();
}

/// What was read of the client goes first; it may have said FIN behind that.
void Session::pass_on_hello() {
  Relay& relay = from(Side::kClient);
  if (!relay.sending.empty()) {
    send(Side::kClient);
  }
  if (!relay.ended && relay.queued.empty()) {
    receive(Side::kClient, true);
  } else if (relay.ended && relay.flushed()) {
    pass_fin(Side::kClient);
  }
}

}  // namespace ringway::proxy
