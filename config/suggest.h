#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace ringway::config {

/// How many letters must be put in, taken out, changed or swapped with their neighbour to make `a` of `b`, letters of
/// either case being the same. At most 64 bytes of each are compared.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The one of `known` that a person most likely meant with `word`, "" where none is near.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// `a, b, c`
[[nodiscard]] std::string list_of(std::span<const std::string_view> words);

}  // namespace ringway::config
