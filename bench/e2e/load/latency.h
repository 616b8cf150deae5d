#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>

namespace ringway::bench {

/// Durations in buckets whose width grows with them, so that any quantile is told within 1.6 %, whatever the load is.
class Latency {
 public:
  void add(std::uint64_t ns) {
    ++buckets_[bucket(ns)];
    ++count_;
    max_ns_ = ns > max_ns_ ? ns : max_ns_;
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// p50_us, p99_us, p999_us, max_us.
  [[nodiscard]] nlohmann::json report() const;

 private:
  /// Buckets for each power of two.
  static constexpr unsigned kSteps_bits = 6;
  static constexpr std::uint64_t kSteps = 1U << kSteps_bits;

  static std::size_t bucket(std::uint64_t ns) {
    if (ns < kSteps) {
      return ns;
    }
    const auto shift = static_cast<unsigned>(std::bit_width(ns)) - 1 - kSteps_bits;
    return (shift + 1) * kSteps + ((ns >> shift) - kSteps);
  }
  [[nodiscard]] double quantile_us(double share) const;

  std::array<std::uint64_t, (64 - kSteps_bits + 1) * kSteps> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ns_ = 0;
};

}  // namespace ringway::bench
