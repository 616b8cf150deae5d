#include "proxy/core/counters.h"

#include <algorithm>

namespace ringway::proxy {

void ServiceCounters::observe_connect(std::uint64_t elapsed_us) {
  const auto bucket = std::ranges::lower_bound(kConnectBucketBounds_us, elapsed_us) - kConnectBucketBounds_us.begin();
  connect_buckets[static_cast<std::size_t>(bucket)].add();
  connect_total_us.add(elapsed_us);
}

}  // namespace ringway::proxy
