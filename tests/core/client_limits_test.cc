#include "proxy/core/client_limits.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace ringway::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = ClientLimits::Verdict;

constexpr Time kStart{std::chrono::hours(1)};

IpAddress ip(const char* text) {
  return IpAddress::parse(text).value();
}

TEST(ClientLimitsTest, so_many_at_once_and_one_more_when_one_has_left) {
  ClientLimits limits;
  const ClientLimit two{.max_connections = 2};
  EXPECT_EQ(limits.enter(ip("10.0.0.1"), two, kStart), Verdict::kAllowed);
  EXPECT_EQ(limits.enter(ip("10.0.0.1"), two, kStart), Verdict::kAllowed);
  EXPECT_EQ(limits.enter(ip("10.0.0.1"), two, kStart), Verdict::kTooMany);
  EXPECT_EQ(limits.enter(ip("10.0.0.2"), two, kStart), Verdict::kAllowed) << "another client";
  EXPECT_EQ(limits.clients(), 2);
  limits.leave(ip("10.0.0.1"), two);
  EXPECT_EQ(limits.enter(ip("10.0.0.1"), two, kStart), Verdict::kAllowed);
}

TEST(ClientLimitsTest, a_rate_has_a_burst_and_is_kept_on_the_average) {
  ClientLimits limits;
  const ClientLimit limit{.rate = 100, .burst = 5};
  Time now = kStart;
  int allowed = 0;
  for (; limits.enter(ip("10.0.0.1"), limit, now) == Verdict::kAllowed; ++allowed) {
  }
  EXPECT_EQ(allowed, 5);
  EXPECT_EQ(limits.enter(ip("10.0.0.1"), limit, now + milliseconds(9)), Verdict::kTooFast);
  EXPECT_EQ(limits.enter(ip("10.0.0.1"), limit, now + milliseconds(10)), Verdict::kAllowed);
  now += milliseconds(10);
  allowed = 0;
  for (int i = 0; i < 10'000; ++i) {
    now += std::chrono::microseconds(700);
    allowed += limits.enter(ip("10.0.0.1"), limit, now) == Verdict::kAllowed ? 1 : 0;
  }
  EXPECT_EQ(allowed, 700) << "seven seconds";
  now += std::chrono::hours(24 * 365);
  for (allowed = 0; limits.enter(ip("10.0.0.1"), limit, now) == Verdict::kAllowed; ++allowed) {
  }
  EXPECT_EQ(allowed, 5) << "a year does not fill it above the burst";
}

TEST(ClientLimitsTest, ipv6_clients_of_one_prefix_are_one) {
  ClientLimits limits;
  ClientLimit one{.max_connections = 1};
  EXPECT_EQ(limits.enter(ip("2001:db8:0:1::1"), one, kStart), Verdict::kAllowed);
  EXPECT_EQ(limits.enter(ip("2001:db8:0:1:ffff::2"), one, kStart), Verdict::kTooMany);
  EXPECT_EQ(limits.enter(ip("2001:db8:0:2::1"), one, kStart), Verdict::kAllowed);
  limits.leave(ip("2001:db8:0:1:ffff::2"), one);
  one.ipv6_bits = 128;
  EXPECT_EQ(limits.enter(ip("2001:db8:0:1::1"), one, kStart), Verdict::kAllowed);
  EXPECT_EQ(limits.enter(ip("2001:db8:0:1::2"), one, kStart), Verdict::kAllowed);
}

TEST(ClientLimitsTest, a_client_with_sessions_makes_no_room_and_one_without_does) {
  ClientLimits limits;
  const ClientLimit one{.max_connections = 1};
  std::vector<IpAddress> tracked;
  std::uint32_t number = 0;
  while (limits.untracked() < 1000) {
    const IpAddress client = IpAddress::v4(0x0a000000 + number++);
    if (limits.enter(client, one, kStart) == Verdict::kAllowed) {
      tracked.push_back(client);
    }
  }
  for (const IpAddress& client : tracked) {
    ASSERT_EQ(limits.enter(client, one, kStart), Verdict::kTooMany);
    limits.leave(client, one);
  }
  EXPECT_EQ(limits.clients(), 0);
  EXPECT_EQ(limits.enter(IpAddress::v4(0x0b000000), one, kStart + seconds(1)), Verdict::kAllowed);
}

TEST(ClientLimitsTest, workers_that_come_at_once_count_each_session_once) {
  ClientLimits limits;
  const ClientLimit limit{.max_connections = 3};
  std::vector<std::thread> workers;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&] {
      for (int round = 0; round < 20'000; ++round) {
        if (limits.enter(ip("10.0.0.1"), limit, kStart) == Verdict::kAllowed) {
          const int now = ++inside;
          int before = most.load();
          while (before < now && !most.compare_exchange_weak(before, now)) {
          }
          --inside;
          limits.leave(ip("10.0.0.1"), limit);
        }
      }
    });
  }
  for (auto& worker : workers) {
    worker.join();
  }
  EXPECT_LE(most, 3);
  EXPECT_EQ(limits.clients(), 0);
}

}  // namespace
}  // namespace ringway::proxy
