#pragma once

#include <cstdint>
#include <vector>

#include "proxy/core/clock.h"

namespace ringway::proxy::simulated {

/// Whoever has something to do at a later time.
class Actor {
 public:
  virtual ~Actor() = default;
  virtual void act(std::uint32_t what, std::uint32_t subject) = 0;
};

/// The clock of a simulation and all that will happen. What is due at the same time happens in the order in which it
/// was asked for.
class Timeline {
 public:
  [[nodiscard]] Time now() const { return now_; }
  /// When the next event is due, Time::max() where there is none.
  [[nodiscard]] Time next() const { return events_.empty() ? Time::max() : events_.front().at; }
  /// How many have happened.
  [[nodiscard]] std::uint64_t happened() const { return happened_; }

  void at(Time when, Actor& actor, std::uint32_t what, std::uint32_t subject);
  void after(Duration delay, Actor& actor, std::uint32_t what, std::uint32_t subject) {
    at(now_ + delay, actor, what, subject);
  }
  /// Turns the clock to `when` and lets happen all that is due until then, each at its own time.
  void advance(Time when);

 private:
  struct Event {
    Time at;
    std::uint64_t order;
    Actor* actor;
    std::uint32_t what;
    std::uint32_t subject;
  };
  struct Later {
    bool operator()(const Event& left, const Event& right) const {
      return left.at != right.at ? left.at > right.at : left.order > right.order;
    }
  };

  /// Not the epoch: a Time() is "never set" to the data plane.
  Time now_ = Time(std::chrono::hours(1));
  std::uint64_t order_ = 0;
  std::uint64_t happened_ = 0;
  std::vector<Event> events_;  ///< a heap, the earliest first
};

}  // namespace ringway::proxy::simulated
