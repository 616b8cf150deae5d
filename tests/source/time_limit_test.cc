#include "discovery/source/time_limit.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>

namespace ringway::discovery {
namespace {

using namespace std::chrono_literals;

TEST(TimeLimitTest, says_once_that_it_has_passed) {
  boost::asio::io_context context;
  int calls = 0;
  const TimeLimit limit(context.get_executor(), std::chrono::steady_clock::now() + 1ms, [&] { ++calls; });
  context.run();
  EXPECT_EQ(calls, 1);
}

TEST(TimeLimitTest, says_nothing_once_it_is_gone) {
  boost::asio::io_context context;
  int calls = 0;
  std::optional<TimeLimit> limit;
  limit.emplace(context.get_executor(), std::chrono::steady_clock::now() + 1h, [&] { ++calls; });
  limit.reset();
  context.run();
  EXPECT_EQ(calls, 0);
}

/// Both timers expire in one turn of the loop: the second handler is queued when the first ends the limit.
TEST(TimeLimitTest, says_nothing_once_it_is_gone_though_its_handler_is_queued) {
  boost::asio::io_context context;
  int calls = 0;
  const auto past = std::chrono::steady_clock::now() - 1s;
  std::optional<TimeLimit> limit;
  boost::asio::steady_timer work(context, past - 1s);
  bool queued = false;
  work.async_wait([&](const auto& /*error*/) { limit.reset(); });
  limit.emplace(context.get_executor(), past, [&] { ++calls; });
  boost::asio::steady_timer witness(context, past);
  witness.async_wait([&](const auto& error) { queued = !error; });
  context.run();
  EXPECT_TRUE(queued);
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace ringway::discovery
