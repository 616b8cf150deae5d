#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>

#include "tests/harness/daemon.h"
#include "tests/harness/load.h"
#include "tests/harness/services.h"

/// Many connections: at once, one after another, and more than there are file descriptors.
namespace ringway::test {
namespace {

using ::testing::IsEmpty;

/// `variable` of the environment where it is set, else `plain`, a tenth of it where a sanitizer makes all slow.
std::uint64_t amount(const char* variable, std::uint64_t plain) {
  const char* set = getenv(variable);
  return set != nullptr ? std::strtoull(set, nullptr, 10) : RINGWAY_TIME_SCALE == 1 ? plain : plain / 10;
}

TEST(ScaleTest, four_thousand_connections_within_a_limit_of_twenty_thousand_files) {
  const std::uint64_t ours = raise_file_limit();
  const std::size_t wanted = amount("RINGWAY_TEST_CONCURRENT", 4000);
  const std::size_t count = std::min<std::size_t>(wanted, (ours - 200) / 2);
  const auto vip = next_vip();
  const auto servers = start_servers(4);
  const Daemon daemon({.config = documents({{.vip = vip, .endpoints = addresses_of(servers)}}), .file_limit = 20'000});
  Load load({.to = vip,
             .long_lived = count,
             .pace = {.round_bytes = 512, .think = seconds(1), .stall = scaled(seconds(45))}});
  ASSERT_TRUE(wait_until(scaled(seconds(60)), [&] { return load.established() == count; }))
      << load.established() << ", " << load.report().failures_text();
  const std::uint64_t rounds = load.report().rounds;
  EXPECT_TRUE(wait_until(scaled(seconds(60)), [&] { return load.report().rounds > rounds + count; }));
  EXPECT_EQ(daemon.metric("ringway_connections_active", {{"service", "web"}}), static_cast<double>(count));
  const LoadReport report = load.stop();
  EXPECT_THAT(report.failures, IsEmpty()) << report.failures_text();
  EXPECT_EQ(report.finished, count);
  EXPECT_TRUE(wait_until([&] { return daemon.metric("ringway_connections_active", {{"service", "web"}}) == 0; }));
}

TEST(ScaleTest, with_too_few_files_connections_wait_and_are_served_in_the_end) {
  const auto vip = next_vip();
  const auto servers = start_servers(2);
  const Daemon daemon({.config = documents({{.vip = vip, .endpoints = addresses_of(servers)}}), .file_limit = 256});
  std::vector<std::unique_ptr<TcpClient>> waiting;
  for (int i = 0; i < 400; ++i) {
    waiting.push_back(std::make_unique<TcpClient>(vip));
    ASSERT_TRUE(waiting.back()->connected()) << i << ": " << strerror(waiting.back()->error());
  }
  const std::size_t all = waiting.size();
  std::size_t served = 0;
  std::size_t most_at_once = 0;
  EXPECT_TRUE(wait_until(kPatience * 2,
                         [&] {
                           std::vector<std::unique_ptr<TcpClient>> still;
                           std::vector<std::unique_ptr<TcpClient>> greeted;
                           for (auto& client : waiting) {
                             const bool greets = client->receive(9, milliseconds(0)).starts_with("server-");
                             EXPECT_TRUE(greets || client->ending() == Ending::kTimeout) << "it should wait, not end";
                             (greets ? greeted : still).push_back(std::move(client));
                           }
                           for (auto& client : greeted) {
                             EXPECT_TRUE(client->send("x") && client->receive(1) == "x");
                           }
                           served += greeted.size();
                           most_at_once = std::max(most_at_once, greeted.size());
                           waiting = std::move(still);
                           return waiting.empty();
                         }))
      << served << " served";
  EXPECT_EQ(served, all);
  EXPECT_LT(most_at_once, 128U) << "each session takes two files of 256";
  EXPECT_TRUE(daemon.ready());
  EXPECT_TRUE(wait_until([&] { return daemon.metric("ringway_connections_active", {{"service", "web"}}) == 0; }));
  EXPECT_LT(daemon.open_files(), 256U);
  Load load({.to = vip, .short_lived = 4, .pace = {.round_bytes = 100}, .limit = 200});
  EXPECT_EQ(load.finish(kPatience).finished, 200U) << load.report().failures_text();
}

TEST(ScaleTest, many_connections_one_after_another_leave_no_memory_and_no_files) {
  const std::uint64_t count = amount("RINGWAY_TEST_CONNECTIONS", 200'000);
  const auto vip = next_vip();
  const auto servers = start_servers(8);
  const Daemon daemon({.config = documents({{.vip = vip, .endpoints = addresses_of(servers)}})});
  const auto pass = [&](std::uint64_t connections) {
    Load load({.to = vip, .short_lived = 8, .pace = {.round_bytes = 64}, .limit = connections});
    const LoadReport report = load.finish(scaled(seconds(150)));
    EXPECT_EQ(report.finished, connections);
    EXPECT_THAT(report.failures, IsEmpty()) << report.failures_text();
    EXPECT_TRUE(wait_until([&] { return daemon.metric("ringway_connections_active", {{"service", "web"}}) == 0; }));
  };
  pass(count / 10);
  const std::uint64_t memory = daemon.resident_bytes();
  const std::size_t files = daemon.open_files();
  const auto start = Clock::now();
  const std::uint64_t timed = count - count / 10;
  pass(timed);
  const auto elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%.0f connections/s\n", static_cast<double>(timed) / elapsed);
  // Sanitizers keep freed memory on purpose.
  if (RINGWAY_TIME_SCALE == 1) {
    EXPECT_LT(daemon.resident_bytes(), memory + 2 * 1024 * 1024);
  }
  EXPECT_TRUE(wait_until([&] { return daemon.open_files() <= files; })) << daemon.open_files() << " > " << files;
  EXPECT_EQ(daemon.metric("ringway_connections_total", {{"service", "web"}}), static_cast<double>(count));
}

}  // namespace
}  // namespace ringway::test
