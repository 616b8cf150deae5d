#pragma once

#include <chrono>
#include <functional>

namespace ringway::test {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// `plain` stretched by what a sanitizer costs in this build.
constexpr milliseconds scaled(milliseconds plain) {
  return plain * RINGWAY_TIME_SCALE;
}

/// How long a test waits for what must happen: far longer than it takes, for a loaded machine is no failure.
inline constexpr milliseconds kPatience = scaled(seconds(20));

/// Asks `predicate` until it holds (true) or `limit` has passed (false). The wait between two questions grows from 1 ms
/// to 20 ms.
bool wait_until(milliseconds limit, const std::function<bool()>& predicate);
inline bool wait_until(const std::function<bool()>& predicate) {
  return wait_until(kPatience, predicate);
}

/// Milliseconds from now to `deadline` as poll(2) takes them, 0 when it has passed.
int until(Clock::time_point deadline);

}  // namespace ringway::test
