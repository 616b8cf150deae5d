#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace ringway::daemon {

/// A JSON value as a YAML document in block style. Text that could be read as anything else but text stands in double
/// quotes with JSON's escapes, which YAML 1.2 reads the same.
[[nodiscard]] std::string to_yaml(const nlohmann::json& value);

}  // namespace ringway::daemon
