#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "daemon/admin/filter.h"
#include "daemon/board.h"

/// The JSON of `/api/v1`: field names are camelCase and stay; numbers that only count stand under `counters`, so that
/// what is left changes only when a state does.
namespace ringway::daemon {

/// Arrays of objects. A filter's name and labels are those of the Service for services, endpoints and sessions, and
/// those of the workload for workloads. A workload without a namespace belongs to every one.
[[nodiscard]] nlohmann::json services_json(const std::vector<discovery::ServiceView>& services, const Filter& filter);
[[nodiscard]] nlohmann::json endpoints_json(const std::vector<discovery::ServiceView>& services, const Filter& filter);
/// Each workload with the Services that select it, out of `services`.
[[nodiscard]] nlohmann::json workloads_json(const Board::Workloads& workloads,
                                            const std::vector<discovery::ServiceView>& services, const Filter& filter);
[[nodiscard]] nlohmann::json sessions_json(const std::vector<proxy::SessionInfo>& sessions, const Filter& filter);
/// Events with a sequence above `after`, oldest first. The filter's name is the Service's; labels are not looked at.
[[nodiscard]] nlohmann::json events_json(const EventLog& events, const Filter& filter, std::uint64_t after);

}  // namespace ringway::daemon
