#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ringway::proxy {

/// The most slots of an order by weight (256 KiB): finer shares than a 65,536th are rounded, but everybody has a slot.
inline constexpr std::size_t kInterleaved = 65'536;

/// An order of indices in which each stands by its weight and evenly spaced, so that going around it is weighted round
/// robin without a burst: what nginx's smooth weighted round robin works out at each choice by looking at all servers.
/// Its length is the sum of the weights by their greatest common divisor, or about `kInterleaved` where that is more.
[[nodiscard]] std::vector<std::uint32_t> interleaved(std::span<const std::uint16_t> weights);

}  // namespace ringway::proxy
