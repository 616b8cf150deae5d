#pragma once

#include <nlohmann/json_fwd.hpp>

#include "daemon/admin/filter.h"
#include "daemon/board.h"

namespace ringway::daemon {

/// `GET /api/v1/candidates`: for each Service that the filter leaves, its candidates, each with why it is in or out,
/// and how many were left out; see discovery::judge.
[[nodiscard]] nlohmann::json candidates_json(const std::vector<discovery::ServiceView>& services,
                                             const Board::Workloads& workloads, const Filter& filter);

}  // namespace ringway::daemon
