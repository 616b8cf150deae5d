#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "proxy/core/clock.h"

namespace ringway::proxy {

/// One timer for each slot of a table, to the millisecond. Setting and clearing cost O(1) and allocate nothing once the
/// slot exists (hashed hierarchical timing wheels: Varghese and Lauck, 1987).
///
/// A timer fires once, never early, and at most `kTick` plus the caller's own delay late. One thread.
class TimerWheel {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(1);
  static constexpr Duration kLongest = std::chrono::hours(24 * 180);  ///< a longer wait is cut to this

  explicit TimerWheel(Time start) : start_(start) { heads_.fill(kNone); }

  /// Room for slots up to `count` − 1.
  void resize(std::size_t count) { timers_.resize(count); }
  /// In place of what was set for `slot` before.
  void set(std::uint32_t slot, Time when);
  void clear(std::uint32_t slot);

  /// When `expire` should be called next: never later than the first timer, Time::max() where none is set.
  [[nodiscard]] Time next() const;

  /// Calls `fire(slot)` for each timer that is due. `fire` may set and clear any timer.
  template <typename Fire>
  void expire(Time now, Fire&& fire) {
    advance(now);
    while (due_ != kNone) {
      const std::uint32_t slot = due_;
      clear(slot);
      fire(slot);
    }
  }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  static constexpr unsigned kBits = 6;
  static constexpr std::uint32_t kSlots = 1U << kBits;
  static constexpr unsigned kLevels = 7;
  static constexpr std::uint32_t kDueList = kLevels * kSlots;

  struct Timer {
    std::uint64_t tick = 0;
    std::uint32_t next = kNone;
    std::uint32_t previous = kNone;
    std::uint32_t list = kNone;  ///< kNone: not set
  };

  void insert(std::uint32_t slot);
  void link(std::uint32_t slot, std::uint32_t list);
  void cascade(std::uint32_t list);
  void advance(Time now);
  std::uint32_t& head(std::uint32_t list) { return list == kDueList ? due_ : heads_[list]; }
  [[nodiscard]] std::uint64_t next_tick() const;

  Time start_;
  std::uint64_t current_ = 0;  ///< ticks up to and including this one are handled
  std::array<std::uint64_t, kLevels> occupied_{};
  std::array<std::uint32_t, kLevels * kSlots> heads_{};
  std::uint32_t due_ = kNone;
  std::vector<Timer> timers_;
};

}  // namespace ringway::proxy
