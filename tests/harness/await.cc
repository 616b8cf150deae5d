#include "tests/harness/await.h"

#include <algorithm>
#include <thread>

namespace ringway::test {

bool wait_until(milliseconds limit, const std::function<bool()>& predicate) {
  const auto deadline = Clock::now() + limit;
  for (milliseconds pause{1};; pause = std::min(pause * 2, milliseconds(20))) {
    if (predicate()) {
      return true;
    }
    if (Clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(pause);
  }
}

int until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

}  // namespace ringway::test
