#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/api.h"
#include "discovery/kubernetes/cluster_sink.h"
#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// What is known of a cluster, as differences for the sinks: an object that is as it was causes nothing, and a list
/// tells only what it changes. Does no I/O. Control thread.
///
/// Nothing is told until every stream of `hold_for` has been listed, and those of Pods too where a Service turned out
/// to select them; then all of it is, at once.
///
/// An object that cannot be used any more (a policy with a mistake) stays as it was, and `refused` says why.
class ClusterTable {
 public:
  /// One resource in one namespace, or "" for all.
  using Stream = std::pair<config::ApiKind, std::string>;

  /// `node`: the Node whose zone is ours.
  ClusterTable(std::string node, WorkloadSink& workloads, ClusterSink& cluster);

  void hold_for(std::set<Stream> streams);
  /// One of them that cannot be had: what has been told by then has to do.
  void give_up(const Stream& stream, proxy::Time now);
  [[nodiscard]] bool held() const { return !open_; }

  /// All objects of one stream.
  void listed(const Stream& stream, std::vector<config::ApiObject> all, proxy::Time arrived);
  void apply(const config::ApiEvent& event, config::ApiKind kind, proxy::Time arrived);

  /// A Service's own policy selects Pods.
  [[nodiscard]] bool wants_pods() const { return wants_pods_; }

 private:
  void put(config::ApiObject object, config::ApiKind kind, proxy::Time arrived);
  void put_service(const std::string& id, config::ApiService service, proxy::Time arrived);
  void put_slice(const std::string& id, config::EndpointSlice slice, proxy::Time arrived);
  void put_node(const std::string& id, const config::Node& node, proxy::Time arrived);
  void put_pod(const std::string& id, config::Pod pod, proxy::Time arrived);
  void drop(const std::string& id, config::ApiKind kind, proxy::Time arrived);
  void open(proxy::Time arrived);
  void open_if_all_listed(proxy::Time arrived);
  [[nodiscard]] std::vector<std::string> ids_of(const Stream& stream) const;
  [[nodiscard]] Workload workload(const config::Pod& pod) const;

  const std::string node_;
  WorkloadSink& workloads_;
  ClusterSink& cluster_;
  std::map<std::string, config::ApiService> services_;
  std::map<std::string, std::shared_ptr<const config::EndpointSlice>> slices_;  ///< shared with whom they are told
  std::map<std::string, config::Pod> pods_;
  std::map<std::string, std::string> zones_;  ///< of Nodes
  std::map<std::pair<config::ApiKind, std::string>, std::string> refusals_;
  std::set<Stream> awaited_;
  bool open_ = false;
  bool wants_pods_ = false;
  bool holds_for_pods_ = false;
};

}  // namespace ringway::discovery
