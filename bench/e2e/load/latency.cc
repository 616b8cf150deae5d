#include "bench/e2e/load/latency.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace ringway::bench {

nlohmann::json Latency::report() const {
  return {{"p50_us", quantile_us(0.5)},
          {"p99_us", quantile_us(0.99)},
          {"p999_us", quantile_us(0.999)},
          {"max_us", static_cast<double>(max_ns_) / 1e3}};
}

double Latency::quantile_us(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t index = 0; index < buckets_.size(); ++index) {
    seen += buckets_[index];
    if (seen >= wanted && seen > 0) {
      // The middle of the bucket, and never more than the longest.
      const std::uint64_t shift = index < 2 * kSteps ? 0 : index / kSteps - 1;
      const std::uint64_t low = index < kSteps ? index : (kSteps + index % kSteps) << shift;
      const double middle = static_cast<double>(low) + static_cast<double>((std::uint64_t{1} << shift) - 1) / 2;
      return std::min(middle, static_cast<double>(max_ns_)) / 1e3;
    }
  }
  return 0;
}

}  // namespace ringway::bench
