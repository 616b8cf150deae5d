#pragma once

#include <cstdint>

namespace ringway::proxy {

/// Names an operation and comes back with its completion: what it is, whose it is, and which life of that slot asked
/// for it. A completion whose generation is not the slot's is stale (liburing#363: a receive that outlives its fd).
struct Token {
  std::uint8_t operation = 0;
  std::uint32_t generation = 0;  ///< the low 24 bits count
  std::uint32_t slot = 0;

  static constexpr std::uint32_t kGenerationMask = 0xffffff;

  [[nodiscard]] constexpr std::uint64_t pack() const {
    return (std::uint64_t{operation} << 56) | (std::uint64_t{generation & kGenerationMask} << 32) | slot;
  }
  [[nodiscard]] static constexpr Token unpack(std::uint64_t packed) {
    return {static_cast<std::uint8_t>(packed >> 56), static_cast<std::uint32_t>(packed >> 32) & kGenerationMask,
            static_cast<std::uint32_t>(packed)};
  }
};

}  // namespace ringway::proxy
