#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace ringway::daemon {

/// A policy, as `policy_json` gives it, for a person: one aligned line for each subject.
[[nodiscard]] std::vector<std::string> policy_lines(const nlohmann::json& policy);

}  // namespace ringway::daemon
