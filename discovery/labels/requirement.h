#pragma once

#include <optional>
#include <string>

#include "discovery/labels/selector.h"

namespace ringway::discovery {

/// Empty where `requirement` is within the limits of k8s.io/apimachinery's NewRequirement (key, number and form of its
/// values), else what is wrong.
[[nodiscard]] std::string check(const Requirement& requirement);

/// A base-10 int64 as Go's strconv.ParseInt reads it; nothing for anything else.
[[nodiscard]] std::optional<std::int64_t> parse_int64(std::string_view text);

/// `a=b`, `k in (a,b)`, `!k`: parses back to an equal requirement.
[[nodiscard]] std::string to_string(const Requirement& requirement);

}  // namespace ringway::discovery
