#include "daemon/board.h"

#include <algorithm>

namespace ringway::daemon {

void Tallies::observe_propagation(std::chrono::microseconds elapsed) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(elapsed.count(), 0));
  const auto* bound = std::ranges::lower_bound(kPropagationBounds_us, us);
  ++propagation_buckets[static_cast<std::size_t>(bound - kPropagationBounds_us.begin())];
  propagation_us += us;
}

}  // namespace ringway::daemon
