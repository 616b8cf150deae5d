#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "proxy/core/clock.h"

namespace ringway::proxy {

/// Whether sessions had better go elsewhere, for a connect to the endpoint failed and none has succeeded since.
///
/// Whoever tells us of endpoints tells of an end when it is over: until then, this is what keeps all but a few sessions
/// away. It lasts kDoubtTime, then one session tries anew. All members are for any thread.
class Doubt {
 public:
  /// How long an endpoint is passed over after a failure. Short beside the start of a container, long beside the time
  /// between two sessions under load.
  static constexpr std::chrono::seconds kDoubtTime{1};

  void raise(Time now) { until_.store(count(now + kDoubtTime), std::memory_order_relaxed); }

  void clear() {
    // Most clear what is clear already: a load leaves the cache line with all who read it.
    if (until_.load(std::memory_order_relaxed) != 0) {
      until_.store(0, std::memory_order_relaxed);
    }
  }

  [[nodiscard]] bool raised() const { return until_.load(std::memory_order_relaxed) != 0; }

  /// Another endpoint is to be preferred. After kDoubtTime one caller is told false, and the others still true: that
  /// one tries for all.
  [[nodiscard]] bool avoid(Time now) {
    std::int64_t until = until_.load(std::memory_order_relaxed);
    if (until == 0) {
      return false;
    }
    return until > count(now) ||
           !until_.compare_exchange_strong(until, count(now + kDoubtTime), std::memory_order_relaxed);
  }

 private:
  static std::int64_t count(Time time) { return time.time_since_epoch().count(); }

  std::atomic<std::int64_t> until_{0};  ///< 0 = none
};

}  // namespace ringway::proxy
