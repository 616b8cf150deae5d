#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "proxy/core/clock.h"

namespace ringway::proxy {

/// A moving average of a latency that rises to a peak at once and forgets it slowly: a sample above the average becomes
/// the average, one below pulls it down by 1 - e^(-t / decay), t being the time since the last sample (Finagle's
/// PeakEwma, com.twitter.finagle.loadbalancer; linkerd has it from there).
///
/// Any thread may call any member; no lock, one word. A stale sample may get lost to a newer one, never the word torn.
class PeakEwma {
 public:
  using Sample = std::chrono::microseconds;
  using Decay = std::chrono::milliseconds;

  void observe(Sample sample, Time now, Decay decay) {
    update(
        now,
        [&](State before, double keep) {
          const auto value = static_cast<double>(sample.count());
          return value > before.value ? value : before.value * keep + value * (1 - keep);
        },
        decay);
  }

  /// Takes a sample that is only part of a latency: it may raise the average, never lower it.
  void raise(Sample sample, Time now, Decay decay) {
    if (static_cast<double>(sample.count()) > at(now, decay)) {
      observe(sample, now, decay);
    }
  }

  /// In microseconds. It falls towards 0 while there is no sample, so that who was slow once gets another chance.
  [[nodiscard]] double at(Time now, Decay decay) const {
    const State state = unpack(packed_.load(std::memory_order_relaxed));
    return state.value == 0 ? 0 : state.value * kept(state, now, decay);
  }
  /// As of the last sample, in microseconds; 0 where there was none.
  [[nodiscard]] double latest() const { return unpack(packed_.load(std::memory_order_relaxed)).value; }

 private:
  struct State {
    double value;
    std::uint32_t stamp_ms;  ///< goes around after 49 days; only short differences are taken
  };

  static std::uint32_t stamp(Time time) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
  }
  static State unpack(std::uint64_t packed) {
    return {std::bit_cast<float>(static_cast<std::uint32_t>(packed >> 32)), static_cast<std::uint32_t>(packed)};
  }
  static double kept(State state, Time now, Decay decay) {
    const auto elapsed = static_cast<std::int32_t>(stamp(now) - state.stamp_ms);
    return std::exp(-static_cast<double>(std::max(elapsed, 0)) / static_cast<double>(decay.count()));
  }
  template <typename Next>
  void update(Time now, Next next, Decay decay) {
    std::uint64_t packed = packed_.load(std::memory_order_relaxed);
    std::uint64_t wanted = 0;
    do {
      const State before = unpack(packed);
      const auto value = static_cast<float>(next(before, kept(before, now, decay)));
      wanted = (std::uint64_t{std::bit_cast<std::uint32_t>(value)} << 32) | stamp(now);
    } while (!packed_.compare_exchange_weak(packed, wanted, std::memory_order_relaxed));
  }

  std::atomic<std::uint64_t> packed_{0};
};

}  // namespace ringway::proxy
