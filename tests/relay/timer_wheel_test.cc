#include "proxy/relay/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace ringway::proxy {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(TimerWheelTest, fires_no_timer_early_and_each_once) {
  const Time start = Time(hours(1));
  TimerWheel wheel(start);
  wheel.resize(4);
  wheel.set(0, start + milliseconds(10));
  wheel.set(1, start + hours(5));
  wheel.set(2, start + milliseconds(10));
  wheel.clear(2);
  std::vector<std::uint32_t> fired;
  const auto note = [&](std::uint32_t slot) { fired.push_back(slot); };
  wheel.expire(start + milliseconds(9), note);
  EXPECT_TRUE(fired.empty());
  wheel.expire(start + milliseconds(10), note);
  EXPECT_EQ(fired, std::vector<std::uint32_t>{0});
  wheel.expire(start + hours(5) - milliseconds(1), note);
  EXPECT_EQ(fired.size(), 1);
  wheel.expire(start + hours(5), note);
  EXPECT_EQ(fired, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(wheel.next(), Time::max());
}

TEST(TimerWheelTest, what_is_due_already_fires_at_the_next_look) {
  const Time start = Time(hours(1));
  TimerWheel wheel(start);
  wheel.resize(1);
  wheel.expire(start + milliseconds(100), [](std::uint32_t) {});
  wheel.set(0, start);
  EXPECT_LE(wheel.next(), start + milliseconds(100));
  int fired = 0;
  wheel.expire(start + milliseconds(100), [&](std::uint32_t) { ++fired; });
  EXPECT_EQ(fired, 1);
}

// Against a plain map, over all levels: random sets, clears and jumps of time.
TEST(TimerWheelTest, agrees_with_a_sorted_map) {
  const auto seed = std::random_device()();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  constexpr std::uint32_t kSlots = 200;
  Time now = Time(hours(1000));
  TimerWheel wheel(now);
  wheel.resize(kSlots);
  std::map<std::uint32_t, Time> expected;
  const auto far = [&] { return milliseconds(random() % (std::uint64_t{1} << (random() % 32))); };
  for (int step = 0; step < 20'000; ++step) {
    const auto slot = static_cast<std::uint32_t>(random() % kSlots);
    switch (random() % 4) {
      case 0:
        wheel.clear(slot);
        expected.erase(slot);
        break;
      case 1: {
        now += far();
        // The wheel may not sleep past the first timer.
        for (const auto& [other, when] : expected) {
          ASSERT_LE(wheel.next(), when);
        }
        wheel.expire(now, [&](std::uint32_t fired) {
          ASSERT_TRUE(expected.contains(fired));
          ASSERT_LE(expected.at(fired), now);
          expected.erase(fired);
        });
        for (const auto& [other, when] : expected) {
          ASSERT_GT(when + TimerWheel::kTick, now);
        }
        break;
      }
      default:
        expected[slot] = now + far();
        wheel.set(slot, expected[slot]);
    }
  }
}

}  // namespace
}  // namespace ringway::proxy
