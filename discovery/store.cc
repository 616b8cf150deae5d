#include "discovery/store.h"

#include <utility>

namespace ringway::discovery {

void Store::reset(const std::string& source, std::vector<Workload> all, proxy::Time arrived) {
  ++events_[{source, "reset"}];
  std::map<std::string, Workload> wanted;
  for (auto& workload : all) {
    auto id = workload.id;
    wanted.insert_or_assign(std::move(id), std::move(workload));
  }

  std::vector<std::string> gone;
  for (auto known = workloads_.lower_bound({source, ""}); known != workloads_.end() && known->first.first == source;
       ++known) {
    if (!wanted.contains(known->first.second)) {
      gone.push_back(known->first.second);
    }
  }
  const std::size_t count = wanted.size();
  bool changed = !gone.empty();
  for (const auto& id : gone) {
    drop({source, id}, arrived);
  }
  for (auto& [id, workload] : wanted) {
    changed |= put(std::move(workload), arrived);
  }
  if (changed) {
    listener_.listed(source, count);
    listener_.batch_done();
  }
}

void Store::upsert(Workload workload, proxy::Time arrived) {
  ++events_[{workload.source, "upsert"}];
  if (put(std::move(workload), arrived)) {
    listener_.batch_done();
  }
}

void Store::remove(const std::string& source, const std::string& id, proxy::Time arrived) {
  ++events_[{source, "remove"}];
  if (drop({source, id}, arrived)) {
    listener_.batch_done();
  }
}

void Store::status(const std::string& source, const SourceStatus& status) {
  const auto [known, is_new] = sources_.try_emplace(source, status);
  if (!is_new && known->second == status) {
    return;
  }
  known->second = status;
  listener_.source_changed(source, known->second);
}

bool Store::put(Workload workload, proxy::Time arrived) {
  std::pair key(workload.source, workload.id);
  const auto known = workloads_.find(key);
  if (known == workloads_.end()) {
    const auto added = workloads_.emplace(std::move(key), std::move(workload)).first;
    listener_.workload_changed(nullptr, &added->second, arrived);
    return true;
  }
  if (known->second == workload) {
    return false;
  }
  const auto before = std::exchange(known->second, std::move(workload));
  listener_.workload_changed(&before, &known->second, arrived);
  return true;
}

bool Store::drop(const std::pair<std::string, std::string>& key, proxy::Time arrived) {
  const auto node = workloads_.extract(key);
  if (node.empty()) {
    return false;
  }
  listener_.workload_changed(&node.mapped(), nullptr, arrived);
  return true;
}

}  // namespace ringway::discovery
