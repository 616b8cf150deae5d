#include "discovery/health/prober.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/health/scripted_server.h"

namespace ringway::discovery {
namespace {

using config::HealthCheck;
using std::chrono::milliseconds;
using Then = ScriptedServer::Then;
using Subscription = std::unique_ptr<HealthChecker::Subscription>;

HealthCheck quick_check() {
  HealthCheck check;
  check.kind = HealthCheck::Kind::kHttp;
  check.interval = milliseconds(20);
  check.fast_interval = milliseconds(10);
  check.rise = 2;
  check.fall = 2;
  return check;
}

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const std::string kBroken = "HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n";

class ProberTest : public testing::Test {
 protected:
  bool until(const std::function<bool()>& condition) { return run_until(context_, condition); }

  boost::asio::io_context context_;
  std::unique_ptr<HealthChecker> checker_ = make_health_checker(context_.get_executor(), 1);
  static void nothing(const proxy::SocketAddress& /*address*/) {}
};

TEST_F(ProberTest, FollowsAnEndpointUpAndDownAndUpAgain) {
  ScriptedServer server(context_, {.writes = {kOk}});
  std::vector<Health> heard;
  Subscription watch;
  watch = checker_->watch(server.address(), quick_check(), [&](const proxy::SocketAddress& address) {
    EXPECT_EQ(address, server.address());
    heard.push_back(watch->health());
  });
  EXPECT_EQ(watch->health().up, std::nullopt);
  ASSERT_TRUE(until([&] { return watch->health().up == true; }));
  server.script().writes = {kBroken};
  ASSERT_TRUE(until([&] { return watch->health().up == false; }));
  server.script().writes = {kOk};
  ASSERT_TRUE(until([&] { return watch->health().up == true; }));
  const std::vector<Health> expected = {{true, "HTTP 200"},
                                        {true, "HTTP 500, wanted 200-399"},
                                        {false, "HTTP 500, wanted 200-399"},
                                        {false, "HTTP 200"},
                                        {true, "HTTP 200"}};
  EXPECT_EQ(heard, expected);
  EXPECT_GE(watch->successes(), 3U);
  EXPECT_EQ(watch->failures(), 2U);
}

TEST_F(ProberTest, HurriesWhileTheResultDiffersFromTheState) {
  ScriptedServer server(context_, {.writes = {kBroken}});
  HealthCheck check = quick_check();
  check.interval = std::chrono::hours(1);
  const Subscription watch = checker_->watch(server.address(), check, nothing);
  EXPECT_TRUE(until([&] { return watch->health().up == false; }));
  EXPECT_EQ(watch->failures(), check.fall);
}

TEST_F(ProberTest, EqualChecksOfOneAddressShareTheirProbes) {
  ScriptedServer server(context_, {.writes = {kOk}});
  HealthCheck other = quick_check();
  other.path = "/other";
  const Subscription one = checker_->watch(server.address(), quick_check(), nothing);
  const Subscription two = checker_->watch(server.address(), quick_check(), nothing);
  const Subscription three = checker_->watch(server.address(), other, nothing);
  ASSERT_TRUE(until([&] { return two->successes() >= 3 && three->successes() >= 3; }));
  EXPECT_EQ(&one->health(), &two->health());
  EXPECT_NE(&one->health(), &three->health());
  EXPECT_LE(one->successes() + three->successes(), server.accepted);
}

TEST_F(ProberTest, LaterSubscriptionKnowsWhatTheProbesCameTo) {
  ScriptedServer server(context_, {.writes = {kOk}});
  const Subscription one = checker_->watch(server.address(), quick_check(), nothing);
  ASSERT_TRUE(until([&] { return one->health().up == true; }));
  EXPECT_EQ(checker_->watch(server.address(), quick_check(), nothing)->health().up, true);
}

TEST_F(ProberTest, ProbesThePortThatTheCheckNames) {
  ScriptedServer server(context_, {.writes = {kOk}});
  HealthCheck check = quick_check();
  check.port = server.address().port();
  const proxy::SocketAddress endpoint(server.address().ip(), 1);
  proxy::SocketAddress heard;
  const Subscription watch =
      checker_->watch(endpoint, check, [&heard](const proxy::SocketAddress& address) { heard = address; });
  ASSERT_TRUE(until([&] { return watch->health().up == true; }));
  EXPECT_EQ(heard, endpoint);
}

TEST_F(ProberTest, StopsProbingWhenTheLastSubscriptionEnds) {
  ScriptedServer server(context_, {.writes = {}, .then = Then::kStayOpen});
  Subscription one = checker_->watch(server.address(), quick_check(), nothing);
  Subscription two = checker_->watch(server.address(), quick_check(), nothing);
  ASSERT_TRUE(until([&] { return server.open == 1; }));
  one.reset();
  context_.restart();
  context_.poll();
  EXPECT_EQ(server.open, 1U);
  two.reset();
  EXPECT_TRUE(until([&] { return server.open == 0; }));
  EXPECT_TRUE(until([&] { return context_.poll() == 0; }));
  EXPECT_EQ(server.accepted, 1U);
}

TEST_F(ProberTest, SubscriptionsMayEndInsideACallback) {
  ScriptedServer server(context_, {.writes = {kOk}});
  Subscription one;
  Subscription two;
  int calls = 0;
  const auto end_all = [&](const proxy::SocketAddress& /*address*/) {
    ++calls;
    one.reset();
    two.reset();
  };
  one = checker_->watch(server.address(), quick_check(), end_all);
  two = checker_->watch(server.address(), quick_check(), end_all);
  ASSERT_TRUE(until([&] { return calls > 0; }));
  EXPECT_EQ(calls, 1) << "the other one had ended by then";
  EXPECT_EQ(one, nullptr);
}

TEST_F(ProberTest, SubscriptionMayOutliveTheChecker) {
  ScriptedServer server(context_, {.writes = {kOk}});
  const Subscription watch = checker_->watch(server.address(), quick_check(), nothing);
  ASSERT_TRUE(until([&] { return watch->health().up == true; }));
  checker_.reset();
  EXPECT_EQ(watch->health().up, true);
}

TEST_F(ProberTest, ManyEndpointsAreProbedABoundedNumberAtATime) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  ScriptedServer server(context_, {.writes = {}, .then = Then::kStayOpen});
  HealthCheck check = quick_check();
  check.timeout = std::chrono::hours(1);
  check.interval = std::chrono::hours(1);
  std::vector<Subscription> watches;
  for (std::size_t index = 0; index < kMaxProbesUnderWay + 100; ++index) {
    check.path = "/" + std::to_string(index);
    watches.push_back(checker_->watch(server.address(), check, nothing));
  }
  ASSERT_TRUE(until([&] { return server.open == kMaxProbesUnderWay; })) << server.open;
  context_.poll();
  EXPECT_EQ(server.accepted, kMaxProbesUnderWay) << "the others wait";
  watches.erase(watches.begin(), watches.begin() + kMaxProbesUnderWay);
  EXPECT_TRUE(until([&] { return server.accepted > kMaxProbesUnderWay; })) << "their turn has come";
}

// Nobody listens at the endpoints, so each probe ends as it begins, and the first two of each change something.
TEST_F(ProberTest, TenThousandEndpointsAreProbedEvenlyOverTheInterval) {
  using std::chrono::microseconds;
  constexpr std::int64_t kEndpoints = 10'000;
  HealthCheck check;
  check.interval = milliseconds(500);
  check.fast_interval = check.interval;
  check.fall = 2;
  const std::int64_t at_once = kEndpoints * kFirstProbeGap / check.interval;
  const auto second_round = microseconds(check.interval) * 95 / 100;
  std::int64_t ended = 0;
  std::int64_t too_early = 0;
  std::int64_t of_later_half = 0;  // in the first half of what ended
  const auto begin = std::chrono::steady_clock::now();
  const auto count = [&](std::int64_t index) {
    const auto elapsed = std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - begin);
    const auto due = [at_once](microseconds since) {
      return at_once * (std::max(since, -kFirstProbeGap) / kFirstProbeGap + 1);
    };
    too_early = std::max(too_early, ++ended - due(elapsed) - due(elapsed - second_round));
    of_later_half += ended <= kEndpoints / 2 && index >= kEndpoints / 2 ? 1 : 0;
  };
  std::vector<Subscription> watches;
  for (std::int64_t index = 0; index < kEndpoints; ++index) {
    const std::string ip = "127.1." + std::to_string(index / 250) + "." + std::to_string(index % 250 + 1);
    watches.push_back(checker_->watch({*proxy::IpAddress::parse(ip), 1}, check,
                                      [&count, index](const proxy::SocketAddress& /*address*/) { count(index); }));
  }
  for (const std::int64_t round : {1, 2}) {
    ASSERT_TRUE(until([&] { return ended >= round * kEndpoints; })) << ended;
  }
  EXPECT_LE(too_early, 0) << "probes at a time at which fewer were due";
  EXPECT_GT(of_later_half, kEndpoints / 100) << "what is more than an interval holds is no burst";
}

TEST_F(ProberTest, WantOfFileDescriptorsTakesNobodyDown) {
  ScriptedServer server(context_, {.writes = {kOk}});
  HealthCheck check = quick_check();
  check.fall = 1;
  const Subscription watch = checker_->watch(server.address(), check, nothing);
  ASSERT_TRUE(until([&] { return watch->health().up == true; }));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool heard = until([&] { return watch->health().detail.starts_with("not probed"); });
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(heard);
  EXPECT_EQ(watch->health().up, true);
  EXPECT_EQ(watch->failures(), 0U);
  EXPECT_TRUE(until([&] { return watch->health().detail == "HTTP 200"; }));
}

}  // namespace
}  // namespace ringway::discovery
