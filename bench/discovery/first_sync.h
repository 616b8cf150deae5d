#pragma once

#include <string>
#include <vector>

#include "bench/discovery/cluster.h"

namespace ringway::bench {

/// The real daemon with a cluster behind a stand-in for its API, in this process: from its start until it is ready and
/// knows all endpoints, and what it holds then; then how long one more change takes. `mode`: of the virtual IPs. False
/// where it does not get there.
bool measure_first_sync(const std::vector<Kind>& kinds, const std::string& mode);

}  // namespace ringway::bench
