#pragma once

#include <string>
#include <vector>

#include "config/values.h"
#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// A Pod as a workload of `source`; `zone` is that of its node. One that has finished or has no address is not ready,
/// and says why.
Workload workload_of(const config::Pod& pod, const std::string& source, const std::string& zone);
/// The zone that a node's labels say, "" for none.
std::string zone_of(const config::Node& node);

/// The static Pods of a configuration as workloads of the source "file".
std::vector<Workload> workloads_of(const config::Configuration& configuration);

}  // namespace ringway::discovery
