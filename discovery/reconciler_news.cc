#include <algorithm>
#include <utility>
#include <variant>

#include "discovery/difference.h"
#include "discovery/reconciler_impl.h"

// What the sources tell, and which endpoints have to be collected again for it: those at the addresses that something
// else is said of where these can be judged alone, else all of the Service.
namespace ringway::discovery {

void Reconciler::Impl::workload_changed(const Workload* before, const Workload* after, proxy::Time arrived) {
  if (before == nullptr && after == nullptr) {
    return;
  }
  const Workload& named = after != nullptr ? *after : *before;
  WorkloadKey key(named.source, named.id);
  auto known = workloads_.find(key);
  if (known == workloads_.end() ? after == nullptr : after != nullptr && known->second == *after) {
    return;
  }
  const auto addresses = changed_addresses(known == workloads_.end() ? nullptr : &known->second, after);
  bool concerned = false;
  const auto concern = [&](Entry& entry) {
    concerned = true;
    note(entry, addresses);
  };
  if (known != workloads_.end()) {
    for (const std::size_t position : index_.matching(known->second)) {
      selecting_[position]->members.erase(&known->second);
      concern(*selecting_[position]);
    }
  }
  if (after == nullptr) {
    workloads_.erase(known);
  } else {
    known = workloads_.insert_or_assign(std::move(key), *after).first;
    for (const std::size_t position : index_.matching(known->second)) {
      selecting_[position]->members.insert(&known->second);
      concern(*selecting_[position]);
    }
  }
  if (concerned) {
    oldest_pending_ = std::min(oldest_pending_, arrived);
    want_snapshot();
  }
}

void Reconciler::Impl::slice_changed(const std::string& id, std::shared_ptr<const config::EndpointSlice> now,
                                     proxy::Time arrived) {
  const auto known = told_slices_.find(id);
  const auto told = known == told_slices_.end() ? nullptr : known->second;
  if (told == nullptr ? now == nullptr : now != nullptr && *told == *now) {
    return;
  }
  const auto addresses = changed_addresses(told.get(), now.get());
  const bool hidden = hidden_slices_.contains(id);
  bool concerned = false;
  const auto concern = [&](Entry& owner) {
    concerned = true;
    note(owner, addresses);
  };
  if (Entry* before = told == nullptr || hidden ? nullptr : owner_of(*told); before != nullptr) {
    std::erase(before->slices, told.get());
    concern(*before);
  }
  if (now == nullptr) {
    told_slices_.erase(known);
  } else {
    if (Entry* owner = hidden ? nullptr : owner_of(*now); owner != nullptr) {
      owner->slices.push_back(now.get());
      concern(*owner);
    }
    told_slices_.insert_or_assign(id, std::move(now));
  }
  if (concerned) {
    oldest_pending_ = std::min(oldest_pending_, arrived);
    want_snapshot();
  }
}

void Reconciler::Impl::note(Entry& entry, const std::optional<Addresses>& addresses) {
  const auto by_name = [](const PortRuntime* port) {
    return std::holds_alternative<std::string>(port->config()->target_port);
  };
  if (!addresses || std::ranges::any_of(entry.ports, by_name)) {
    mark(entry);
    return;
  }
  entry.touched.insert(addresses->begin(), addresses->end());
  enlist(entry);
}

void Reconciler::Impl::mark(Entry& entry) {
  entry.all_dirty = true;
  enlist(entry);
}

void Reconciler::Impl::enlist(Entry& entry) {
  if (!entry.ports.empty() && !std::exchange(entry.dirty, true)) {
    dirty_entries_.push_back(&entry);
  }
}

void Reconciler::Impl::collect(Entry& entry, proxy::Time now) {
  const config::Service& service = *entry.service;
  const std::vector<const Workload*> members(entry.members.begin(), entry.members.end());
  const bool selects = service.selector && !service.selector->requirements().empty();
  const Addresses touched = std::exchange(entry.touched, {});
  // Of two families the one hides addresses of the other.
  const bool mixed = !selects && !of_one_family(entry.slices);
  const bool was_mixed = std::exchange(entry.mixed, mixed);
  const bool all = std::exchange(entry.all_dirty, false) || mixed || was_mixed;
  const Addresses* only = all ? nullptr : &touched;
  entry.dirty = false;
  for (PortRuntime* port : entry.ports) {
    const config::ServicePort& configured = *port->config();
    CandidateSet set = selects ? candidates_from_workloads(service, configured, members, only)
                               : candidates_from_slices(service, configured, entry.slices, only);
    if (all) {
      port->update(std::move(set), drain_marks_, now);
    } else {
      port->update_only(touched, std::move(set), drain_marks_, now);
    }
    mark(*port);
  }
}

}  // namespace ringway::discovery
