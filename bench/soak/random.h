#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace ringway::soak {

/// The one source of chance: what is drawn follows from the seed alone.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  [[nodiscard]] std::uint64_t next() { return engine_(); }
  /// Both ends included.
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + engine_() % (high - low + 1);
  }
  [[nodiscard]] std::chrono::milliseconds between_ms(std::uint64_t low, std::uint64_t high) {
    return std::chrono::milliseconds(between(low, high));
  }
  [[nodiscard]] bool one_in(std::uint64_t count) { return engine_() % count == 0; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace ringway::soak
