#include "proxy/relay/session_table.h"

// Whether a client may come in, and where it waits.
namespace ringway::proxy {
namespace {

/// How often a session in the queue looks whether there is room. Those that wait are not in line: who looks first goes
/// first.
constexpr auto kQueueLook = std::chrono::milliseconds(10);

}  // namespace

void Session::enter(const ServicePort& port) {
  if (const Cause refused = admit(port); refused != Cause::kNone) {
    refuse(refused);
  } else if (port.sni != nullptr) {
    await_hello(port);
  } else {
    connect_next();
  }
}

/// What the client itself is refused for; kNone = nothing. One that nobody knows is not let in where that matters: what
/// it had said before it went would get past the lists.
Cause Session::admit(const ServicePort& port) {
  for (const AccessList* list : {port.access.get(), port.sources.get()}) {
    if (list != nullptr) {
      if (!learn_client()) {
        return Cause::kClientReset;
      }
      if (!list->allows(client_.ip())) {
        return Cause::kDenied;
      }
    }
  }
  if (port.clients != nullptr) {
    if (!learn_client()) {
      return Cause::kClientReset;
    }
    switch (port.clients->enter(client_.ip(), policy_.per_client, opened_)) {
      case ClientLimits::Verdict::kTooMany:
        return Cause::kClientConnections;
      case ClientLimits::Verdict::kTooFast:
        return Cause::kClientRate;
      case ClientLimits::Verdict::kAllowed:
        clients_ = port.clients;
        break;
      case ClientLimits::Verdict::kUntracked:
        break;
    }
  }
  return Cause::kNone;
}

/// Workers that accept at the same moment may each let in one more than `max_connections`.
bool Session::port_full(const ServicePort& port) const {
  if (policy_.max_connections == 0) {
    return false;
  }
  // Other workers count on meanwhile, so the difference may be off by a few, and below zero.
  const auto others = static_cast<std::int64_t>(port.stats->active()) -
                      static_cast<std::int64_t>(port.stats->queued()) - (queued_ ? 0 : 1);
  return others >= static_cast<std::int64_t>(policy_.max_connections);
}

bool Session::endpoint_full(const EndpointState& endpoint) const {
  return policy_.max_per_endpoint > 0 && endpoint.active.load(std::memory_order_relaxed) >= policy_.max_per_endpoint;
}

void Session::queue_up(Cause otherwise) {
  const Time now = table_->shared_.ring.now();
  if (!queued_) {
    if (stats_->queued() >= policy_.queue_limit) {
      refuse(otherwise);
      return;
    }
    queued_ = true;
    queue_limit_ = now + policy_.queue_timeout;
    counters_->queued.add();
  } else if (table_->shared_.ring.hung_up(fd(Side::kClient))) {
    refuse(Cause::kClientReset);
    return;
  }
  leave_endpoint();
  if (now >= queue_limit_) {
    refuse(otherwise);
    return;
  }
  table_->timers_.set(slot_, now + kQueueLook);
}

/// Holds no endpoint while it waits, which would count it; only the counters of the Service, which may go meanwhile.
void Session::leave_endpoint() {
  if (endpoint_ != nullptr) {
    kept_ = endpoint_->port->stats;
  } else if (const ServicePort* port = own_port(); port != nullptr) {
    kept_ = port->stats;
  }
  take_endpoint(nullptr);
}

void Session::leave_queue() {
  if (queued_) {
    queued_ = false;
    counters_->queued.subtract();
  }
}

}  // namespace ringway::proxy
