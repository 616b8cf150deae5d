#include "discovery/source/docker_table.h"

#include <utility>

#include "discovery/source/docker_signal.h"

namespace ringway::discovery {

DockerTable::DockerTable(std::string network, WorkloadSink& sink) : network_(std::move(network)), sink_(sink) {}

void DockerTable::begin() {
  live_ = false;
  listed_ = false;
  waiting_.clear();
  queue_.clear();
  for (auto& [id, entry] : entries_) {
    entry.queued = false;
    entry.asking = false;
  }
}

void DockerTable::listed(const std::vector<std::string>& ids, proxy::Time arrived) {
  listed_ = true;
  list_arrived_ = arrived;
  for (const auto& id : ids) {
    entries_.try_emplace(id);
  }
  for (auto& [id, entry] : entries_) {
    waiting_.insert(id);
    ask(id, entry, arrived);
  }
  no_longer_waiting("");
}

void DockerTable::apply(const DockerEvent& event, proxy::Time arrived) {
  if (event.action == DockerAction::kIgnored) {
    return;
  }
  if (event.action == DockerAction::kRemoved) {
    if (const auto entry = entries_.find(event.id); entry != entries_.end()) {
      forget(entry, arrived);
    }
    return;
  }
  auto& entry = entries_[event.id];
  switch (event.action) {
    case DockerAction::kStarted:
      entry.killed_ns = 0;
      break;
    case DockerAction::kSignal:
      signalled(entry, event);
      break;
    case DockerAction::kDied:
      died(entry, event);
      break;
    default:
      break;
  }
  tell(event.id, arrived);
  ask(event.id, entry, arrived);
}

void DockerTable::signalled(Entry& entry, const DockerEvent& event) {
  const int stop_signal = entry.container ? entry.container->stop_signal : 0;
  const bool is_old = entry.container && event.time_ns <= entry.container->started_ns;
  if (is_stop_signal(event.signal, stop_signal) && !is_old) {
    entry.killed_ns = event.time_ns;
    entry.killed_by = event.signal;
  }
}

void DockerTable::died(Entry& entry, const DockerEvent& event) {
  const bool is_old = entry.container && event.time_ns <= entry.container->started_ns;
  if (!entry.container || is_old) {
    return;
  }
  entry.killed_ns = 0;
  entry.container->running = false;
  entry.container->paused = false;
  entry.container->status = "exited";
  entry.container->exit_code = event.exit_code;
}

std::optional<std::string> DockerTable::next_inspect() {
  while (!queue_.empty()) {
    auto id = std::move(queue_.front());
    queue_.pop_front();
    const auto entry = entries_.find(id);
    if (entry == entries_.end() || !entry->second.queued) {
      continue;
    }
    entry->second.queued = false;
    entry->second.asking = true;
    return id;
  }
  return std::nullopt;
}

void DockerTable::inspected(const std::string& id, DockerContainer container) {
  auto* entry = answered(id);
  if (entry == nullptr) {
    return;
  }
  const bool same_run = container.running && entry->killed_ns > container.started_ns;
  entry->killed_ns = same_run ? entry->killed_ns : 0;
  share_network(id, entry->container ? entry->container->network_parent : "", container.network_parent);
  entry->container = std::move(container);
  tell(id, entry->arrived);
  no_longer_waiting(id);
}

void DockerTable::missing(const std::string& id) {
  if (const auto* entry = answered(id); entry != nullptr) {
    forget(entries_.find(id), entry->arrived);
  }
}

void DockerTable::failed(const std::string& id) {
  if (answered(id) != nullptr) {
    no_longer_waiting(id);
  }
}

void DockerTable::again(const std::string& id) {
  if (const auto entry = entries_.find(id); entry != entries_.end()) {
    ask(id, entry->second, entry->second.arrived);
  }
}

void DockerTable::ask(const std::string& id, Entry& entry, proxy::Time arrived) {
  if (entry.queued) {
    return;
  }
  entry.arrived = entry.asking ? entry.arrived : arrived;
  entry.queued = true;
  if (!entry.asking) {
    queue_.push_back(id);
  }
}

DockerTable::Entry* DockerTable::answered(const std::string& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || !found->second.asking) {
    return nullptr;
  }
  auto& entry = found->second;
  entry.asking = false;
  if (!entry.queued) {
    return &entry;
  }
  queue_.push_back(id);
  return nullptr;
}

void DockerTable::forget(Entries::iterator found, proxy::Time arrived) {
  const auto id = found->first;
  const auto entry = std::move(found->second);
  entries_.erase(found);
  if (entry.container) {
    share_network(id, entry.container->network_parent, "");
  }
  if (entry.told && live_) {
    sink_.remove(std::string(kDockerSource), id, arrived);
  }
  tell(id, arrived);
  no_longer_waiting(id);
}

void DockerTable::share_network(const std::string& id, const std::string& parent_before, const std::string& parent) {
  if (parent_before == parent) {
    return;
  }
  if (const auto family = children_.find(parent_before); family != children_.end()) {
    family->second.erase(id);
    if (family->second.empty()) {
      children_.erase(family);
    }
  }
  if (!parent.empty()) {
    children_[parent].insert(id);
  }
}

void DockerTable::tell(const std::string& id, proxy::Time arrived) {
  if (const auto entry = entries_.find(id); entry != entries_.end()) {
    tell_one(entry->second, arrived);
  }
  if (const auto family = children_.find(id); family != children_.end()) {
    for (const auto& child : family->second) {
      tell_one(entries_.at(child), arrived);
    }
  }
}

void DockerTable::tell_one(Entry& entry, proxy::Time arrived) {
  if (!live_ || !entry.container) {
    return;
  }
  auto now = workload(entry, *entry.container);
  if (entry.told != now) {
    entry.told = now;
    sink_.upsert(std::move(now), arrived);
  }
}

void DockerTable::no_longer_waiting(const std::string& id) {
  waiting_.erase(id);
  if (live_ || !listed_ || !waiting_.empty()) {
    return;
  }
  live_ = true;
  std::vector<Workload> all;
  all.reserve(entries_.size());
  for (auto& [known, entry] : entries_) {
    if (entry.container) {
      all.push_back(workload(entry, *entry.container));
      entry.told = all.back();
    }
  }
  sink_.reset(std::string(kDockerSource), std::move(all), list_arrived_);
}

Workload DockerTable::workload(const Entry& entry, const DockerContainer& container) const {
  const DockerContainer* parent = nullptr;
  if (const auto found = entries_.find(container.network_parent); found != entries_.end()) {
    const auto& owner = found->second.container;
    parent = owner ? &*owner : nullptr;
  }
  auto result = workload_of(container, parent, network_);
  if (entry.killed_ns != 0 && container.running) {
    result.terminating = true;
    result.reason = entry.killed_by != 0 ? "stopping (" + signal_name(entry.killed_by) + ")" : "stopping";
  }
  return result;
}

}  // namespace ringway::discovery
