#pragma once

#include <memory>
#include <string>

#include "config/api.h"
#include "proxy/core/clock.h"

namespace ringway::discovery {

/// The name of the source in statuses and metrics.
inline constexpr const char* kKubernetesSource = "kubernetes";

/// What a cluster tells beside its Pods, which are workloads. Differences only; all that one list changes comes in one
/// turn of the event loop. Nothing comes before Services and EndpointSlices have been listed once. Control thread.
class ClusterSink {
 public:
  virtual ~ClusterSink() = default;
  /// Null `now`: the object is gone. `id` is "namespace/name".
  virtual void service_changed(const std::string& id, const config::ApiService* now, proxy::Time arrived) = 0;
  virtual void slice_changed(const std::string& id, std::shared_ptr<const config::EndpointSlice> now,
                             proxy::Time arrived) = 0;
  /// The zone of the node that this daemon runs on, "" for none.
  virtual void zone_known(const std::string& zone) = 0;
  /// An object that cannot be used: one line for a person. What was known of it before stays.
  virtual void refused(const std::string& line) = 0;
};

}  // namespace ringway::discovery
