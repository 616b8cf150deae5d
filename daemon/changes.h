#pragma once

#include <string>
#include <vector>

#include "config/values.h"

namespace ringway::daemon {

/// What differs between two configurations, one line for each object: `service shop/web: added`, `settings: changed`.
/// Empty where both mean the same. Where things stand in their files does not matter.
[[nodiscard]] std::vector<std::string> changes_between(const config::Configuration& before,
                                                       const config::Configuration& after);

/// What `after` wants and a running daemon cannot do: `spec.workers: cannot change while running (2 -> 4): restart …`.
[[nodiscard]] std::vector<std::string> needs_restart(const config::Configuration& before,
                                                     const config::Configuration& after);

}  // namespace ringway::daemon
