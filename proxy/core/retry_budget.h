#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "proxy/core/clock.h"

namespace ringway::proxy {

/// How many more attempts one worker may make for one port, so that retries do not add to what an outage is made of.
///
/// Each new session earns a share of a retry, and kReserve of them come with every window whatever the traffic
/// (Finagle's and linkerd's retry budget: 20 %, 10 s, 10 retries a second). What was earned can be spent for one to two
/// windows. For one thread.
class RetryBudget {
 public:
  static constexpr std::chrono::seconds kWindow{10};
  static constexpr std::int64_t kReserve = 100;  ///< retries

  /// A session began; `thousandths` of a retry are earned.
  void earn(std::uint32_t thousandths, Time now) {
    turn(now);
    current_ += thousandths;
  }

  /// One retry is paid. False where there is nothing left to pay with.
  [[nodiscard]] bool spend(Time now) {
    turn(now);
    if (before_ + current_ < kRetry) {
      return false;
    }
    const std::int64_t of_before = std::min(before_, kRetry);
    before_ -= of_before;
    current_ -= kRetry - of_before;
    return true;
  }

 private:
  static constexpr std::int64_t kRetry = 1000;

  void turn(Time now) {
    if (now - began_ < kWindow) {
      return;
    }
    before_ = now - began_ < 2 * kWindow ? current_ : 0;
    current_ = kReserve * kRetry;
    began_ = now;
  }

  Time began_;
  std::int64_t before_ = 0;  ///< thousandths, left of the window before
  std::int64_t current_ = kReserve * kRetry;
};

}  // namespace ringway::proxy
