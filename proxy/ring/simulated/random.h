#pragma once

#include <cstdint>

#include "proxy/core/clock.h"

namespace ringway::proxy::simulated {

/// The one source of chance in a simulation: equal seeds give equal numbers on every machine (splitmix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
  }
  /// 0 to `count` − 1.
  std::uint32_t below(std::uint32_t count) { return static_cast<std::uint32_t>(((next() >> 32) * count) >> 32); }
  std::uint32_t between(std::uint32_t least, std::uint32_t most) { return least + below(most - least + 1); }
  /// 0 ≤ … < 1.
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// A probability of zero costs no number.
  bool chance(double probability) { return probability > 0 && unit() < probability; }
  Duration between(Duration least, Duration most) {
    return least + Duration(static_cast<Duration::rep>(unit() * static_cast<double>((most - least).count() + 1)));
  }

 private:
  std::uint64_t state_;
};

}  // namespace ringway::proxy::simulated
