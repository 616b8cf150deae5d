#pragma once

#include <string>

#include "discovery/source/watcher.h"

namespace ringway::daemon {

/// What a source told of one workload, for a person: "docker: ready", "docker: gone", or what differs: "docker: ready:
/// yes to no (paused); addresses: 10.0.0.1 to 10.0.0.2". `before` is null for a new one, `after` for one that is gone.
[[nodiscard]] std::string change_text(const discovery::Workload* before, const discovery::Workload* after);

}  // namespace ringway::daemon
