#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "discovery/reconciler_impl.h"
#include "discovery/reconciler_plan.h"

namespace ringway::discovery {

std::shared_ptr<const proxy::Snapshot> Reconciler::Impl::preview(const config::Configuration& configuration) const {
  const auto plan = planned_ports(configuration, node_addresses_);
  SlotTable slots = slots_;
  slots.assign(keys_of(plan));
  auto snapshot = std::make_shared<proxy::Snapshot>();
  snapshot->version = version_ + 1;
  snapshot->ports.resize(slots.size());
  for (const PlannedPort& planned : plan) {
    for (const PortRuntime::Front& front : planned_fronts(planned, slots)) {
      snapshot->ports.set(front.slot, preview_of(planned.key, front));
    }
  }
  return snapshot;
}

std::shared_ptr<const proxy::ServicePort> Reconciler::Impl::preview_of(const proxy::ServiceKey& key,
                                                                       PortRuntime::Front front) const {
  proxy::ServicePort& shape = front.shape;
  const auto known = ports_.find(key);
  if (const auto running = known == ports_.end() ? nullptr : known->second->running(front.frontend)) {
    if (PortRuntime::same_shape(*running, shape)) {
      return running;
    }
    shape.endpoints = running->endpoints;
    shape.weights = running->weights;
    shape.reserves = running->reserves;
    shape.panic = running->panic;
    shape.silent = running->silent;
    shape.stats = running->stats;
  }
  return std::make_shared<proxy::ServicePort>(std::move(shape));
}

// Endpoints are collected by `settle`, not here: the Pods of the same files are told a moment later, and what both of
// them together leave as it was must not drain and lose its health meanwhile.
void Reconciler::Impl::configure(std::shared_ptr<const config::Configuration> configuration) {
  environment_.here = place_of(*configuration, told_zone_);
  const auto plan = planned_ports(*configuration, node_addresses_);
  slots_.assign(keys_of(plan));
  std::set<proxy::ServiceKey> kept;
  std::ranges::transform(plan, std::inserter(kept, kept.end()), &PlannedPort::key);
  retire_all_but(kept);
  make_entries(*configuration);
  for (const PlannedPort& planned : plan) {
    PortRuntime& port = port_of(planned.key);
    port.configure(*planned.service, *planned.port, planned_fronts(planned, slots_));
    if (std::ranges::any_of(port.fronts(), [](const auto& front) { return front.running == nullptr; })) {
      port.choose(version_ + 1, clock_.now());
    }
    entry_of(planned).ports.push_back(&port);
  }
  index_entries(*configuration);
  changed_ = changed_ || !configuration_;
  configuration_ = std::move(configuration);
  for (const auto& entry : entries_) {
    mark(*entry);
  }
  place_ports();
  want_snapshot();
  environment_.affinities.forget_unused();
  environment_.clients.forget_unused();
  environment_.bandwidths.forget_unused();
}

PortRuntime& Reconciler::Impl::port_of(const proxy::ServiceKey& key) {
  proxy::ServiceKey first = key;
  first.route.clear();
  const auto sibling = ports_.lower_bound(first);
  auto stats = sibling != ports_.end() && same_port(sibling->first, key)
                   ? sibling->second->stats()
                   : std::make_shared<proxy::ServiceStats>(environment_.workers);
  auto& port = ports_[key];
  if (!port) {
    port = std::make_unique<PortRuntime>(key, environment_, std::move(stats));
  }
  return *port;
}

Reconciler::Impl::Entry& Reconciler::Impl::entry_of(const PlannedPort& planned) {
  if (planned.routed == nullptr) {
    return *entries_[planned.position];
  }
  Entry& entry = *entries_.emplace_back(std::make_unique<Entry>());
  entry.service = planned.service;
  entry.routed = planned.routed;
  return entry;
}

void Reconciler::Impl::retire_all_but(const std::set<proxy::ServiceKey>& kept) {
  for (auto entry = ports_.begin(); entry != ports_.end();) {
    PortRuntime& port = *entry->second;
    if (port.configured() && !kept.contains(port.key())) {
      port.retire(version_ + 1, clock_.now());
      forget(port);
    }
    if (port.configured() || kept.contains(port.key())) {
      ++entry;
    } else if (port.empty()) {
      forget(port);
      entry = ports_.erase(entry);
    } else {
      draining_ports_.insert(&port);
      ++entry;
    }
  }
}

void Reconciler::Impl::make_entries(const config::Configuration& configuration) {
  dirty_entries_.clear();
  entries_.clear();
  for (const config::Service& service : configuration.services) {
    entries_.push_back(std::make_unique<Entry>());
    entries_.back()->service = &service;
  }
}

void Reconciler::Impl::index_entries(const config::Configuration& configuration) {
  std::vector<const config::Service*> services;
  selecting_.clear();
  sliced_.clear();
  for (const auto& entry : entries_) {
    if (entry->ports.empty()) {
      continue;
    }
    const config::Service& service = *entry->service;
    if (service.selector && !service.selector->requirements().empty()) {
      selecting_.push_back(entry.get());
      services.push_back(&service);
    } else {
      sliced_.emplace(std::pair(std::string_view(service.metadata.ns), std::string_view(service.metadata.name)),
                      entry.get());
    }
  }
  index_ = ServiceIndex(services);
  for (const auto& [key, workload] : workloads_) {
    for (const std::size_t position : index_.matching(workload)) {
      selecting_[position]->members.insert(&workload);
    }
  }
  join_slices(configuration);
}

void Reconciler::Impl::join_slices(const config::Configuration& configuration) {
  hidden_slices_.clear();
  for (const config::EndpointSlice& slice : configuration.slices) {
    hidden_slices_.insert(slice.metadata.ns + "/" + slice.metadata.name);
    if (Entry* owner = owner_of(slice)) {
      owner->slices.push_back(&slice);
    }
  }
  for (const auto& [id, slice] : told_slices_) {
    if (Entry* owner = owner_of(*slice); owner != nullptr && !hidden_slices_.contains(id)) {
      owner->slices.push_back(slice.get());
    }
  }
}

Reconciler::Impl::Entry* Reconciler::Impl::owner_of(const config::EndpointSlice& slice) {
  const auto owner = sliced_.find({slice.metadata.ns, slice.service});
  return owner == sliced_.end() ? nullptr : owner->second;
}

void Reconciler::Impl::place_ports() {
  std::vector<std::shared_ptr<const proxy::ServicePort>> places(slots_.size());
  for (const auto& [key, port] : ports_) {
    for (const PortRuntime::Front& front : port->fronts()) {
      places[front.slot] = front.running;
    }
  }
  changed_ = changed_ || by_slot_.size() != places.size();
  by_slot_.resize(places.size());
  for (std::size_t slot = 0; slot < places.size(); ++slot) {
    if (by_slot_[slot] != places[slot]) {
      by_slot_.set(slot, std::move(places[slot]));
      changed_ = true;
    }
  }
}

}  // namespace ringway::discovery
