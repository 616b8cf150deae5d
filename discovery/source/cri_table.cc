#include "discovery/source/cri_table.h"

#include <algorithm>
#include <utility>

namespace ringway::discovery {

void CriTable::begin(std::int64_t now_ns) {
  live_ = false;
  wants_list_ = false;
  removed_.clear();
  events_count_from_ns_ = now_ns;
}

void CriTable::list_begins(std::int64_t now_ns) {
  wants_list_ = false;
  list_began_ = ++sequence_;
  list_began_ns_ = now_ns;
}

void CriTable::listed(CriListing listing, proxy::Time arrived) {
  std::map<std::string, std::vector<CriContainer>> containers;
  for (const auto& sandbox : listing.sandboxes) {
    containers[sandbox.id];
  }
  for (auto& container : listing.containers) {
    if (const auto found = containers.find(container.sandbox); found != containers.end()) {
      found->second.push_back(std::move(container));
    }
  }
  drop_unlisted(containers, arrived);
  for (auto& sandbox : listing.sandboxes) {
    const auto removed = removed_.find(sandbox.id);
    if (removed != removed_.end() && removed->second >= list_began_) {
      continue;
    }
    auto& pod = pods_[sandbox.id];
    if (pod.touched < list_began_) {
      auto own = std::move(containers[sandbox.id]);
      replace(pod, std::move(sandbox), std::move(own));
    }
  }
  std::erase_if(removed_, [this](const auto& entry) { return entry.second < list_began_; });
  events_count_from_ns_ = list_began_ns_;
  tell_all(arrived);
}

void CriTable::apply(CriEvent event, proxy::Time arrived) {
  if (event.time_ns < events_count_from_ns_) {
    return;
  }
  const auto known = pods_.find(event.id);
  const bool is_sandbox = known != pods_.end() || (event.sandbox && event.sandbox->id == event.id);
  if (is_sandbox && event.change == CriChange::kDeleted) {
    removed_[event.id] = ++sequence_;
    if (known != pods_.end()) {
      forget(known, arrived);
    }
    return;
  }
  if (!event.sandbox) {
    apply_without_status(event, arrived);
    return;
  }
  // The status is read beside the event: where it is behind, the event's own word counts.
  if (event.change == CriChange::kStopped) {
    event.sandbox->ready &= !is_sandbox;
    for (auto& container : event.containers) {
      if (container.id == event.id && container.state != CriState::kExited) {
        container.state = CriState::kExited;
        container.has_status = false;
      }
    }
  }
  auto& pod = pods_[event.sandbox->id];
  pod.touched = ++sequence_;
  replace(pod, *std::move(event.sandbox), std::move(event.containers));
  tell(pod, arrived);
}

void CriTable::apply_without_status(const CriEvent& event, proxy::Time arrived) {
  wants_list_ = true;
  auto pod = pods_.find(event.id);
  const bool is_sandbox = pod != pods_.end();
  if (event.change != CriChange::kStopped || (!is_sandbox && (pod = holder(event.id)) == pods_.end())) {
    return;
  }
  if (is_sandbox) {
    pod->second.sandbox.ready = false;
  } else {
    pod->second.containers.at(event.id).state = CriState::kExited;
  }
  pod->second.touched = ++sequence_;
  tell(pod->second, arrived);
}

bool CriTable::knows(const CriSandbox& sandbox) const {
  const auto pod = pods_.find(sandbox.id);
  if (!sandbox.ready) {
    return true;
  }
  // The first status may have come before the network was there.
  return pod != pods_.end() && pod->second.sandbox.has_status &&
         (pod->second.sandbox.host_network || !pod->second.sandbox.addresses.empty());
}

bool CriTable::knows(const CriContainer& container) const {
  if (container.state != CriState::kExited) {
    return true;
  }
  const auto pod = pods_.find(container.sandbox);
  if (pod == pods_.end()) {
    return false;
  }
  const auto run = pod->second.containers.find(container.id);
  return run != pod->second.containers.end() && run->second.state == CriState::kExited && run->second.has_status;
}

void CriTable::replace(Pod& pod, CriSandbox sandbox, std::vector<CriContainer> containers) {
  // A sandbox keeps its addresses for life; an event may come without them.
  const bool lacks = !sandbox.has_status || (sandbox.addresses.empty() && !sandbox.host_network);
  if (lacks && pod.sandbox.has_status) {
    sandbox.has_status = true;
    sandbox.addresses = pod.sandbox.addresses;
    sandbox.host_network = pod.sandbox.host_network;
  }
  CriContainers runs;
  for (auto& container : containers) {
    const auto known = pod.containers.find(container.id);
    if (!container.has_status && known != pod.containers.end() && known->second.has_status &&
        known->second.state == container.state) {
      container.has_status = true;
      container.finished_ns = known->second.finished_ns;
      container.exit_code = known->second.exit_code;
      container.reason = known->second.reason;
    }
    auto id = container.id;
    runs.emplace(std::move(id), std::move(container));
  }
  pod.sandbox = std::move(sandbox);
  pod.containers = std::move(runs);
}

void CriTable::drop_unlisted(const std::map<std::string, std::vector<CriContainer>>& listed, proxy::Time arrived) {
  for (auto pod = pods_.begin(); pod != pods_.end();) {
    const bool is_gone = !listed.contains(pod->first) && pod->second.touched < list_began_;
    pod = is_gone ? forget(pod, arrived) : std::next(pod);
  }
}

CriTable::Pods::iterator CriTable::forget(Pods::iterator pod, proxy::Time arrived) {
  if (pod->second.told && live_) {
    sink_.remove(std::string(kContainerdSource), pod->first, arrived);
  }
  return pods_.erase(pod);
}

void CriTable::tell(Pod& pod, proxy::Time arrived) {
  if (!live_) {
    return;
  }
  auto now = workload_of(pod.sandbox, pod.containers);
  if (pod.told != now) {
    pod.told = now;
    sink_.upsert(std::move(now), arrived);
  }
}

void CriTable::tell_all(proxy::Time arrived) {
  if (live_) {
    for (auto& [id, pod] : pods_) {
      tell(pod, arrived);
    }
    return;
  }
  live_ = true;
  std::vector<Workload> all;
  all.reserve(pods_.size());
  for (auto& [id, pod] : pods_) {
    all.push_back(workload_of(pod.sandbox, pod.containers));
    pod.told = all.back();
  }
  sink_.reset(std::string(kContainerdSource), std::move(all), arrived);
}

CriTable::Pods::iterator CriTable::holder(const std::string& container) {
  return std::ranges::find_if(pods_, [&](const auto& pod) { return pod.second.containers.contains(container); });
}

}  // namespace ringway::discovery
