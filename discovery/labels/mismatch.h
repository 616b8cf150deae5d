#pragma once

#include <string>

#include "discovery/labels/selector.h"

namespace ringway::discovery {

/// Why `labels` do not meet `requirement`, for a person: "label tier is 'frontend', wanted 'backend'". Empty exactly
/// where `requirement.matches(labels)`.
[[nodiscard]] std::string mismatch(const Requirement& requirement, const Labels& labels);

}  // namespace ringway::discovery
