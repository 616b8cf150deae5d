#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "discovery/labels/selector.h"

namespace ringway::discovery {

/// Says, as label or annotation, what share of the sessions a workload gets.
inline constexpr std::string_view kWeightKey = "ringway.io/weight";

inline constexpr std::uint16_t kMaxWeight = 1000;
/// Of whom nobody says a weight. Not 1, so that a canary can be given less than the others without naming those.
inline constexpr std::uint16_t kDefaultWeight = 100;

/// The weight that `labels` (or annotations) say, nothing where they say none, or what is wrong with it.
[[nodiscard]] std::expected<std::optional<std::uint16_t>, std::string> read_weight(const Labels& labels);

}  // namespace ringway::discovery
