#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "discovery/labels/selector.h"

namespace ringway::discovery {

/// Reads the requirements of a selector in the order in which they stand, each within the limits of `check`:
///
///     selector := ε | req ("," req)*
///     req      := KEY | "!"KEY | KEY op VALUE? | KEY ("in"|"notin") "(" values ")"
///     op       := "=" | "==" | "!=" | ">" | "<"
///     values   := VALUE? ("," VALUE?)*
std::expected<std::vector<Requirement>, SelectorError> parse_requirements(std::string_view text);

}  // namespace ringway::discovery
