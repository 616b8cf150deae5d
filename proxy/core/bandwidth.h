#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "proxy/core/clock.h"

namespace ringway::proxy {

/// Bytes each second, from the client and from the upstream. 0 = no limit.
using Rates = std::array<std::uint64_t, 2>;

/// What came less than the rate in this time may come at once. More than twice what a session may wait beyond its turn
/// (session_bandwidth.cc), so that no rate is lost by it; a tenth of what Envoy's bandwidth_limit filter lets through
/// at once, so that a limit holds within a second too.
inline constexpr Duration kBandwidthBurst = std::chrono::milliseconds(100);

/// A token bucket is told by the time at which all that was read is paid for: before it nothing is read (GCRA in its
/// virtual scheduling form, ITU-T I.371, annex A). Reading may go beyond that, and is then paid for by waiting. `rate`
/// is not 0.
[[nodiscard]] inline Time paid_after(Time paid, Time now, std::uint32_t bytes, std::uint64_t rate) {
  constexpr std::uint64_t kSecond_ns = 1'000'000'000;
  return std::max(paid, now - kBandwidthBurst) + std::chrono::nanoseconds(bytes * kSecond_ns / rate);
}

/// The bytes that may come now without a wait.
[[nodiscard]] inline std::uint64_t allowance(Time paid, Time now, std::uint64_t rate) {
  const std::chrono::duration<double> saved = now - std::max(paid, now - kBandwidthBurst);
  return saved.count() <= 0 ? 0 : static_cast<std::uint64_t>(saved.count() * static_cast<double>(rate));
}

/// The bucket of a Service, for each direction, that all of its sessions take from. Any thread.
class ServiceBandwidth {
 public:
  /// Holds from now on, for the sessions that are open too. What was read at another rate is forgiven.
  void limit(const Rates& rates) {
    for (std::size_t direction = 0; direction < rates.size(); ++direction) {
      Bucket& bucket = buckets_.at(direction);
      if (bucket.rate.exchange(rates.at(direction), std::memory_order_relaxed) != rates.at(direction)) {
        bucket.paid.store(0, std::memory_order_relaxed);
      }
    }
  }
  [[nodiscard]] std::uint64_t rate(std::size_t direction) const {
    return buckets_[direction].rate.load(std::memory_order_relaxed);
  }
  /// Before this time nothing is read; long ago where there is no limit.
  [[nodiscard]] Time paid(std::size_t direction) const {
    return rate(direction) == 0 ? Time() : Time(Duration(buckets_[direction].paid.load(std::memory_order_relaxed)));
  }
  void take(std::size_t direction, Time now, std::uint32_t bytes) {
    const std::uint64_t rate_now = rate(direction);
    if (rate_now == 0) {
      return;
    }
    std::atomic<Duration::rep>& paid = buckets_[direction].paid;
    Duration::rep before = paid.load(std::memory_order_relaxed);
    const auto after = [&] {
      return paid_after(Time(Duration(before)), now, bytes, rate_now).time_since_epoch().count();
    };
    while (!paid.compare_exchange_weak(before, after(), std::memory_order_relaxed)) {
    }
  }

 private:
  struct alignas(64) Bucket {
    std::atomic<std::uint64_t> rate{0};
    std::atomic<Duration::rep> paid{0};
  };
  std::array<Bucket, 2> buckets_;
};

}  // namespace ringway::proxy
