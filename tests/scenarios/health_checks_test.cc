#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "tests/harness/daemon.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

namespace ringway::test {
namespace {

using ::testing::Each;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr std::size_t kServers = 40;

/// 40 servers behind two Services, of which one checks them.
class HealthChecksScenario : public ::testing::Test {
 protected:
  /// What one Service counts of one server.
  [[nodiscard]] double figure(const std::string& metric, const std::string& service, std::size_t server) const {
    return daemon_.metric(metric, {{"service", service}, {"endpoint", addresses_[server].to_string()}}).value_or(0);
  }
  /// Whether exactly those are up in `checked` for which `expected` says so.
  template <typename Expected>
  [[nodiscard]] bool up_are(const Expected& expected) const {
    for (std::size_t i = 0; i < kServers; ++i) {
      if (figure("ringway_endpoint_up", "checked", i) != (expected(i) ? 1 : 0)) {
        return false;
      }
    }
    return true;
  }
  /// How many of `connections` each server got; "" stands for those that failed.
  [[nodiscard]] static std::map<std::string, std::size_t> ask(const SocketAddress& vip, std::size_t connections) {
    std::map<std::string, std::size_t> counts;
    for (std::size_t i = 0; i < connections; ++i) {
      std::string name;
      TcpClient client(vip);
      while (!name.ends_with('\n') && client.ending() == Ending::kOpen) {
        name += client.receive(1);
      }
      ++counts[name];
    }
    return counts;
  }

  std::vector<std::unique_ptr<EchoServer>> servers_ = start_servers(kServers);
  std::vector<SocketAddress> addresses_ = addresses_of(servers_);
  ServiceSpec checked_{
      .name = "checked",
      .vip = next_vip(),
      .endpoints = addresses_,
      .policy = "{balancer: roundRobin, healthCheck: {tcp: {}, interval: 200ms, timeout: 5s, rise: 1, fall: 1}}"};
  ServiceSpec unchecked_{
      .name = "unchecked", .vip = next_vip(), .endpoints = addresses_, .policy = "{balancer: roundRobin}"};
  Daemon daemon_{{.config = documents({checked_, unchecked_})}};
};

TEST_F(HealthChecksScenario, of_forty_servers_those_that_die_are_left_alone_until_they_are_back) {
  ASSERT_TRUE(wait_until([&] { return up_are([](std::size_t) { return true; }); }));
  for (std::size_t i = 1; i < kServers; i += 2) {
    servers_[i].reset();
  }
  ASSERT_TRUE(wait_until([&] { return up_are([](std::size_t i) { return i % 2 == 0; }); }));
  const auto left = ask(checked_.vip, kServers);
  EXPECT_THAT(left, SizeIs(kServers / 2));
  EXPECT_THAT(left, Each(Pair(::testing::EndsWith("\n"), 2U))) << "each that lives has two turns";
  for (std::size_t i = 1; i < kServers; i += 2) {
    servers_[i] =
        std::make_unique<EchoServer>(ServerOptions{.name = "server-" + std::to_string(i), .at = addresses_[i]});
  }
  ASSERT_TRUE(wait_until([&] { return up_are([](std::size_t) { return true; }); }));
  EXPECT_TRUE(wait_until([&] { return ask(checked_.vip, kServers).size() == kServers; }))
      << "all have their turn again";
}

TEST_F(HealthChecksScenario, who_is_not_to_be_checked_is_not_and_no_client_fails_for_it) {
  ASSERT_TRUE(wait_until([&] { return figure("ringway_health_checks_total", "checked", kServers - 1) > 0; }));
  const std::uint64_t checks = servers_[0]->accepted();
  EXPECT_GT(checks, 0U);
  for (std::size_t i = 0; i < kServers; ++i) {
    EXPECT_EQ(figure("ringway_health_checks_total", "unchecked", i), 0) << addresses_[i].to_string();
    EXPECT_EQ(figure("ringway_endpoint_up", "unchecked", i), 1) << addresses_[i].to_string();
  }
  for (std::size_t i = 1; i < kServers; i += 2) {
    servers_[i].reset();
  }
  const auto got = ask(unchecked_.vip, 2 * kServers);
  EXPECT_FALSE(got.contains("")) << got.at("") << " clients failed";
  EXPECT_THAT(got, SizeIs(kServers / 2));
}

}  // namespace
}  // namespace ringway::test
