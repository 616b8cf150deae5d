#include <algorithm>
#include <chrono>
#include <future>

#include "tests/proxy/data_plane_fixture.h"

namespace ringway::test {
namespace {

class WorkerTurnsTest : public DataPlaneTest {};

TEST_P(WorkerTurnsTest, tells_the_longest_turn_of_a_worker_once) {
  constexpr auto kTurn = milliseconds(30);
  start({.workers = 1});
  serve({});
  const proxy::WorkerCounters& counters = plane_->worker_counters(0);
  std::promise<void> done;
  plane_->list_sessions(1, [&](const auto&) {
    const auto begun = Clock::now();
    while (Clock::now() - begun < kTurn) {
    }
    done.set_value();
  });
  done.get_future().wait();
  std::uint64_t longest_us = 0;
  EXPECT_TRUE(wait_until([&] {
    longest_us = std::max(longest_us, counters.longest_turn_us.take());
    return std::chrono::microseconds(longest_us) >= kTurn;
  }));
  EXPECT_LT(counters.longest_turn_us.take(), longest_us);
}

INSTANTIATE_TEST_SUITE_P(Engines, WorkerTurnsTest, testing::Values(proxy::Engine::kIoUring, proxy::Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::test
