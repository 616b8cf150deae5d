#include "discovery/kubernetes/cluster_table.h"

#include <utility>

#include "discovery/source/file.h"

namespace ringway::discovery {

using config::ApiEvent;
using config::ApiKind;
using config::ApiObject;

namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) {
    all += (all.empty() ? "" : "; ") + line;
  }
  return all;
}

template <typename Objects>
void append_ids(const Objects& objects, const std::string& ns, std::vector<std::string>& ids) {
  const std::string prefix = ns.empty() ? "" : ns + "/";
  for (auto one = objects.lower_bound(prefix); one != objects.end() && one->first.starts_with(prefix); ++one) {
    ids.push_back(one->first);
  }
}

}  // namespace

ClusterTable::ClusterTable(std::string node, WorkloadSink& workloads, ClusterSink& cluster)
    : node_(std::move(node)), workloads_(workloads), cluster_(cluster) {}

void ClusterTable::listed(const Stream& stream, std::vector<ApiObject> all, proxy::Time arrived) {
  std::set<std::string> present;
  for (const ApiObject& object : all) {
    present.insert(object.id);
  }
  for (const std::string& id : ids_of(stream)) {
    if (!present.contains(id)) {
      drop(id, stream.first, arrived);
    }
  }
  for (ApiObject& object : all) {
    put(std::move(object), stream.first, arrived);
  }
  awaited_.erase(stream);
  open_if_all_listed(arrived);
}

void ClusterTable::hold_for(std::set<Stream> streams) {
  holds_for_pods_ =
      holds_for_pods_ || std::ranges::any_of(streams, [](const Stream& one) { return one.first == ApiKind::kPod; });
  awaited_.merge(streams);
}

void ClusterTable::give_up(const Stream& stream, proxy::Time now) {
  awaited_.erase(stream);
  open_if_all_listed(now);
}

void ClusterTable::open_if_all_listed(proxy::Time arrived) {
  if (!open_ && awaited_.empty() && (holds_for_pods_ || !wants_pods_)) {
    open(arrived);
  }
}

void ClusterTable::apply(const ApiEvent& event, ApiKind kind, proxy::Time arrived) {
  if (event.type == ApiEvent::Type::kDeleted) {
    drop(event.object.id, kind, arrived);
  } else if (event.type == ApiEvent::Type::kChanged) {
    put(event.object, kind, arrived);
  }
}

void ClusterTable::put(ApiObject object, ApiKind kind, proxy::Time arrived) {
  if (object.mistakes.empty()) {
    refusals_.erase({kind, object.id});
  } else if (std::string why = joined(object.mistakes); refusals_[{kind, object.id}] != why) {
    cluster_.refused(why);
    refusals_[{kind, object.id}] = std::move(why);
  }
  if (auto* service = std::get_if<config::ApiService>(&object.value)) {
    put_service(object.id, std::move(*service), arrived);
  } else if (auto* slice = std::get_if<config::EndpointSlice>(&object.value)) {
    put_slice(object.id, std::move(*slice), arrived);
  } else if (auto* pod = std::get_if<config::Pod>(&object.value)) {
    put_pod(object.id, std::move(*pod), arrived);
  } else if (const auto* node = std::get_if<config::Node>(&object.value)) {
    put_node(object.id, *node, arrived);
  } else if (object.mistakes.empty()) {
    drop(object.id, kind, arrived);
  }
}

void ClusterTable::put_service(const std::string& id, config::ApiService service, proxy::Time arrived) {
  wants_pods_ = wants_pods_ || with_policy(service, nullptr).selects();
  const auto [known, is_new] = services_.try_emplace(id, service);
  if (!is_new && known->second == service) {
    return;
  }
  known->second = std::move(service);
  if (open_) {
    cluster_.service_changed(id, &known->second, arrived);
  }
}

void ClusterTable::put_slice(const std::string& id, config::EndpointSlice slice, proxy::Time arrived) {
  auto& known = slices_[id];
  if (known != nullptr && *known == slice) {
    return;
  }
  known = std::make_shared<const config::EndpointSlice>(std::move(slice));
  if (open_) {
    cluster_.slice_changed(id, known, arrived);
  }
}

void ClusterTable::put_pod(const std::string& id, config::Pod pod, proxy::Time arrived) {
  auto& known = pods_[id];
  known = std::move(pod);
  if (open_) {
    workloads_.upsert(workload(known), arrived);
  }
}

void ClusterTable::put_node(const std::string& id, const config::Node& node, proxy::Time arrived) {
  const std::string zone = zone_of(node);
  const auto known = zones_.find(id);
  if (known != zones_.end() && known->second == zone) {
    return;
  }
  zones_[id] = zone;
  if (!open_) {
    return;
  }
  if (id == node_) {
    cluster_.zone_known(zone);
  }
  for (const auto& [pod_id, pod] : pods_) {
    if (pod.node == id) {
      workloads_.upsert(workload(pod), arrived);
    }
  }
}

void ClusterTable::drop(const std::string& id, ApiKind kind, proxy::Time arrived) {
  refusals_.erase({kind, id});
  switch (kind) {
    case ApiKind::kService:
      if (services_.erase(id) != 0 && open_) {
        cluster_.service_changed(id, nullptr, arrived);
      }
      return;
    case ApiKind::kEndpointSlice:
      if (slices_.erase(id) != 0 && open_) {
        cluster_.slice_changed(id, nullptr, arrived);
      }
      return;
    case ApiKind::kPod:
      if (pods_.erase(id) != 0 && open_) {
        workloads_.remove(kKubernetesSource, id, arrived);
      }
      return;
    case ApiKind::kNode:
      // The zone of a Node that is gone stays: its Pods are on their way out, and we are not.
      return;
  }
}

void ClusterTable::open(proxy::Time arrived) {
  open_ = true;
  if (const auto zone = zones_.find(node_); zone != zones_.end()) {
    cluster_.zone_known(zone->second);
  }
  for (const auto& [id, slice] : slices_) {
    cluster_.slice_changed(id, slice, arrived);
  }
  for (const auto& [id, service] : services_) {
    cluster_.service_changed(id, &service, arrived);
  }
  for (const auto& [id, pod] : pods_) {
    workloads_.upsert(workload(pod), arrived);
  }
}

std::vector<std::string> ClusterTable::ids_of(const Stream& stream) const {
  std::vector<std::string> ids;
  switch (stream.first) {
    case ApiKind::kService:
      append_ids(services_, stream.second, ids);
      break;
    case ApiKind::kEndpointSlice:
      append_ids(slices_, stream.second, ids);
      break;
    case ApiKind::kPod:
      append_ids(pods_, stream.second, ids);
      break;
    case ApiKind::kNode:
      break;
  }
  return ids;
}

Workload ClusterTable::workload(const config::Pod& pod) const {
  const auto zone = zones_.find(pod.node);
  return workload_of(pod, kKubernetesSource, zone == zones_.end() ? "" : zone->second);
}

}  // namespace ringway::discovery
