#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "proxy/core/clock.h"

namespace ringway::proxy {

/// Whether sessions had better go elsewhere, for a connect to the endpoint failed and none has succeeded since.
///
/// Whoever tells us of endpoints tells of an end when it is over, and of a beginning before anybody listens: until
/// then, this is what keeps all but a few sessions away. After a time that grows with each failure one session tries
/// anew. All members are for any thread.
class Doubt {
 public:
  /// How long an endpoint is passed over after its first failure in a row; twice as long after each further one, up to
  /// kLongest. Short beside the start of a process, long beside the time between two sessions under load.
  static constexpr std::chrono::milliseconds kFirst{10};
  static constexpr std::chrono::milliseconds kLongest{1000};

  /// `in_row` = failures in a row, this one included.
  void raise(Time now, std::uint32_t in_row) {
    const auto doublings = std::min<std::uint32_t>(in_row > 0 ? in_row - 1 : 0, 7);
    until_.store(count(now + std::min(kFirst * (1U << doublings), kLongest)), std::memory_order_relaxed);
  }

  void clear() {
    // Most clear what is clear already: a load leaves the cache line with all who read it.
    if (until_.load(std::memory_order_relaxed) != 0) {
      until_.store(0, std::memory_order_relaxed);
    }
  }

  [[nodiscard]] bool raised() const { return until_.load(std::memory_order_relaxed) != 0; }

  /// When its time is over one caller is told true, who tries for all; the others are told false meanwhile.
  [[nodiscard]] bool claim_trial(Time now) {
    std::int64_t until = until_.load(std::memory_order_relaxed);
    return until != 0 && until <= count(now) &&
           until_.compare_exchange_strong(until, count(now + kLongest), std::memory_order_relaxed);
  }

 private:
  static std::int64_t count(Time time) { return time.time_since_epoch().count(); }

  std::atomic<std::int64_t> until_{0};  ///< 0 = none
};

}  // namespace ringway::proxy
