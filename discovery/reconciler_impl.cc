#include "discovery/reconciler_impl.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "discovery/reconciler_plan.h"

namespace ringway::discovery {

Reconciler::Impl::Impl(std::size_t workers, const proxy::Clock& clock, HealthChecker& checker, Output& output)
    : clock_(clock), output_(output), environment_{workers, checker, output, {}, [this](PortRuntime& port) {
                                                     mark(port);
                                                     want_snapshot();
                                                   }} {}

void Reconciler::Impl::set_zone(const std::string& zone) {
  if (told_zone_ == zone) {
    return;
  }
  told_zone_ = zone;
  if (configuration_) {
    environment_.here = place_of(*configuration_, told_zone_);
  }
  for (const auto& entry : entries_) {
    mark(*entry);
  }
  want_snapshot();
}

void Reconciler::Impl::mark(PortRuntime& port) {
  dirty_ports_.insert(&port);
}

void Reconciler::Impl::want_snapshot() {
  if (!std::exchange(wanted_, true)) {
    output_.snapshot_wanted();
  }
}

void Reconciler::Impl::settle() {
  const proxy::Time now = clock_.now();
  for (Entry* entry : std::exchange(dirty_entries_, {})) {
    collect(*entry, now);
  }
  for (PortRuntime* port : std::exchange(dirty_ports_, {})) {
    if (port->choose(version_ + 1, now)) {
      changed_ = true;
      for (const PortRuntime::Front& front : port->fronts()) {
        if (front.slot < by_slot_.size() && by_slot_[front.slot] != front.running) {
          by_slot_.set(front.slot, front.running);
        }
      }
    }
    if (port->draining()) {
      draining_ports_.insert(port);
    }
    if (port->next_turn() != proxy::Time::max()) {
      waiting_ports_.insert(port);
    }
  }
}

void Reconciler::Impl::review_sessions() {
  const proxy::Time now = clock_.now();
  const proxy::ServiceStats* asked = nullptr;  // a port and its routes, which stand in a row, have one
  bool seen = false;
  for (const auto& [key, port] : ports_) {
    if (port->stats().get() != asked) {
      asked = port->stats().get();
      seen = port->stats()->failures_seen.exchange(false, std::memory_order_acquire);
    }
    port->tell_refusals();
    if (port->find_outliers(seen, now)) {
      mark(*port);
      want_snapshot();
    }
  }
}

void Reconciler::Impl::forget(PortRuntime& port) {
  dirty_ports_.erase(&port);
  draining_ports_.erase(&port);
  waiting_ports_.erase(&port);
}

std::shared_ptr<const proxy::Snapshot> Reconciler::Impl::build() {
  settle();
  wanted_ = false;
  oldest_pending_ = proxy::Time::max();
  if (!std::exchange(changed_, false)) {
    return nullptr;
  }
  auto snapshot = std::make_shared<proxy::Snapshot>();
  snapshot->version = ++version_;
  snapshot->ports = by_slot_;
  return snapshot;
}

proxy::Time Reconciler::Impl::expire(std::uint64_t in_force) {
  const proxy::Time now = clock_.now();
  proxy::Time next = proxy::Time::max();
  for (auto place = draining_ports_.begin(); place != draining_ports_.end();) {
    PortRuntime& port = **place;
    next = std::min(next, port.expire(now, in_force));
    if (port.draining()) {
      ++place;
      continue;
    }
    place = draining_ports_.erase(place);
    if (!port.configured() && port.empty()) {
      forget(port);
      ports_.erase(proxy::ServiceKey(port.key()));
    }
  }
  for (auto place = waiting_ports_.begin(); place != waiting_ports_.end();) {
    PortRuntime& port = **place;
    if (port.next_turn() > now) {
      next = std::min(next, port.next_turn());
    } else {
      mark(port);
      want_snapshot();
    }
    place = port.next_turn() > now && port.next_turn() != proxy::Time::max() ? std::next(place)
                                                                             : waiting_ports_.erase(place);
  }
  return next;
}

void Reconciler::Impl::tell_answers(ServicePortView& view) const {
  for (FrontendView& frontend : view.frontends) {
    if (frontend.running != nullptr) {
      frontend.answer = proxy::answer_of(*frontend.running, by_slot_);
    }
  }
}

std::vector<ServiceView> Reconciler::Impl::services() const {
  std::vector<ServiceView> views;
  views.reserve(entries_.size());
  const proxy::Time now = clock_.now();
  for (const auto& entry : entries_) {
    if (entry->routed != nullptr) {
      continue;
    }
    ServiceView& view = views.emplace_back();
    view.service = entry->service;
    for (const PortRuntime* port : entry->ports) {
      view.ports.push_back(port->view(now));
      for (auto route = ports_.upper_bound(port->key()); route != ports_.end() && same_port(route->first, port->key());
           ++route) {
        route->second->add_to(view.ports.back(), now);
      }
      tell_answers(view.ports.back());
    }
  }
  return views;
}

std::vector<EndpointView> Reconciler::Impl::endpoints(const proxy::ServiceKey& key) const {
  const auto port = ports_.find(key);
  return port == ports_.end() ? std::vector<EndpointView>{} : port->second->view(clock_.now()).endpoints;
}

/// A route does so with its port, though it may be gone itself: then it may have endpoints that drain.
bool Reconciler::Impl::runs(const PortRuntime& port) const {
  if (port.key().route.empty()) {
    return !port.fronts().empty() && port.fronts().front().running != nullptr;
  }
  proxy::ServiceKey key = port.key();
  key.route.clear();
  const auto owner = ports_.find(key);
  return owner != ports_.end() && runs(*owner->second);
}

std::vector<ServicePortView> Reconciler::Impl::ports_after(const proxy::ServiceKey* after, std::size_t limit) const {
  std::vector<ServicePortView> views;
  auto place = after == nullptr ? ports_.begin() : ports_.upper_bound(*after);
  for (; place != ports_.end() && views.size() < limit; ++place) {
    if (runs(*place->second)) {
      views.push_back(place->second->summary());
      tell_answers(views.back());
    }
  }
  return views;
}

std::vector<EndpointView> Reconciler::Impl::endpoints_after(const proxy::ServiceKey& key,
                                                            const std::optional<proxy::SocketAddress>& after,
                                                            std::size_t limit) const {
  const auto port = ports_.find(key);
  return port == ports_.end() ? std::vector<EndpointView>{} : port->second->endpoints_after(after, limit, clock_.now());
}

}  // namespace ringway::discovery
