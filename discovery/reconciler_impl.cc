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

void Reconciler::Impl::workload_changed(const Workload* before, const Workload* after, proxy::Time arrived) {
  if (before == nullptr && after == nullptr) {
    return;
  }
  const Workload& named = after != nullptr ? *after : *before;
  WorkloadKey key(named.source, named.id);
  auto known = workloads_.find(key);
  if (known != workloads_.end() && after != nullptr && known->second == *after) {
    return;
  }
  bool concerned = false;
  if (known != workloads_.end()) {
    for (const std::size_t position : index_.matching(known->second)) {
      selecting_[position]->members.erase(&known->second);
      mark(*selecting_[position]);
      concerned = true;
    }
  }
  if (after == nullptr) {
    if (known != workloads_.end()) {
      workloads_.erase(known);
    }
  } else {
    known = workloads_.insert_or_assign(std::move(key), *after).first;
    for (const std::size_t position : index_.matching(known->second)) {
      selecting_[position]->members.insert(&known->second);
      mark(*selecting_[position]);
      concerned = true;
    }
  }
  if (concerned) {
    oldest_pending_ = std::min(oldest_pending_, arrived);
    want_snapshot();
  }
}

void Reconciler::Impl::slice_changed(const std::string& id, const config::EndpointSlice* now, proxy::Time arrived) {
  const auto known = told_slices_.find(id);
  if (known == told_slices_.end() ? now == nullptr : now != nullptr && known->second == *now) {
    return;
  }
  const bool hidden = hidden_slices_.contains(id);
  bool concerned = false;
  const auto concern = [&](Entry* owner) {
    if (owner == nullptr || hidden) {
      return false;
    }
    mark(*owner);
    concerned = true;
    return true;
  };
  if (known != told_slices_.end()) {
    if (Entry* owner = owner_of(known->second); concern(owner)) {
      std::erase(owner->slices, &known->second);
    }
  }
  if (now == nullptr) {
    told_slices_.erase(known);
  } else {
    const auto& kept = told_slices_.insert_or_assign(id, *now).first->second;
    if (Entry* owner = owner_of(kept); concern(owner)) {
      owner->slices.push_back(&kept);
    }
  }
  if (concerned) {
    oldest_pending_ = std::min(oldest_pending_, arrived);
    want_snapshot();
  }
}

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

void Reconciler::Impl::mark(Entry& entry) {
  if (!entry.ports.empty() && !std::exchange(entry.dirty, true)) {
    dirty_entries_.push_back(&entry);
  }
}

void Reconciler::Impl::mark(PortRuntime& port) {
  dirty_ports_.insert(&port);
}

void Reconciler::Impl::want_snapshot() {
  if (!std::exchange(wanted_, true)) {
    output_.snapshot_wanted();
  }
}

void Reconciler::Impl::collect(Entry& entry, proxy::Time now) {
  const config::Service& service = *entry.service;
  const std::vector<const Workload*> members(entry.members.begin(), entry.members.end());
  const bool selects = service.selector && !service.selector->requirements().empty();
  for (PortRuntime* port : entry.ports) {
    const config::ServicePort& configured = *port->config();
    port->update(selects ? candidates_from_workloads(service, configured, members)
                         : candidates_from_slices(service, configured, entry.slices),
                 drain_marks_, now);
    mark(*port);
  }
}

void Reconciler::Impl::settle() {
  const proxy::Time now = clock_.now();
  for (Entry* entry : std::exchange(dirty_entries_, {})) {
    entry->dirty = false;
    collect(*entry, now);
  }
  for (PortRuntime* port : std::exchange(dirty_ports_, {})) {
    if (port->choose(version_ + 1, now)) {
      changed_ = true;
      if (port->slot() < by_slot_.size()) {
        by_slot_[port->slot()] = port->running();
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
  for (const auto& [key, port] : ports_) {
    port->tell_refusals();
    if (port->find_outliers(now)) {
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

std::vector<ServiceView> Reconciler::Impl::services() const {
  std::vector<ServiceView> views;
  views.reserve(entries_.size());
  for (const auto& entry : entries_) {
    ServiceView& view = views.emplace_back();
    view.service = entry->service;
    for (const PortRuntime* port : entry->ports) {
      view.ports.push_back(port->view(clock_.now()));
    }
  }
  return views;
}

std::vector<EndpointView> Reconciler::Impl::endpoints(const proxy::ServiceKey& key) const {
  const auto port = ports_.find(key);
  return port == ports_.end() ? std::vector<EndpointView>{} : port->second->view(clock_.now()).endpoints;
}

}  // namespace ringway::discovery
