#pragma once

#include <vector>

#include "config/values.h"
#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// The static Pods of a configuration as workloads of the source "file". Finished Pods and those without an address
/// are not ready, and say why.
std::vector<Workload> workloads_of(const config::Configuration& configuration);

}  // namespace ringway::discovery
