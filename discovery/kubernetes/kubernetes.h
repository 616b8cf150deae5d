#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "config/values.h"
#include "discovery/kubernetes/cluster_sink.h"
#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// How long a Kubernetes watcher waits for what. The defaults are for use, others for tests.
struct KubernetesTimings {
  std::chrono::milliseconds request{30'000};   ///< for the whole answer to a list, and the head of a watch
  std::chrono::milliseconds watch{300'000};    ///< timeoutSeconds: from this to twice this (client-go's)
  std::chrono::milliseconds silence{180'000};  ///< bookmarks come about each minute: a silent stream is dead
  std::chrono::milliseconds first_backoff{200};
  std::chrono::milliseconds last_backoff{10'000};
  std::chrono::milliseconds exec{30'000};  ///< for an exec plugin
};

/// What a watcher of a cluster can do beside being one.
class KubernetesWatcher : public Watcher {
 public:
  /// Pods are watched from now on: a Service of a file selects them. Those of the cluster's own Services that have a
  /// selector of ours in their policy cause that by themselves.
  virtual void want_pods() = 0;
};

/// Watches the Services, EndpointSlices and the own Node of a cluster, and Pods where they are needed. Those become
/// workloads of the source "kubernetes"; the rest goes to `cluster`. After a break it goes on where it was, or lists
/// again; what it knew stays meanwhile.
///
/// `node` is the name of the Node that this daemon runs on.
std::unique_ptr<KubernetesWatcher> make_kubernetes_watcher(const boost::asio::any_io_executor& executor,
                                                           const config::KubernetesSource& source,
                                                           const std::string& node, WorkloadSink& workloads,
                                                           ClusterSink& cluster, const KubernetesTimings& timings = {});

}  // namespace ringway::discovery
