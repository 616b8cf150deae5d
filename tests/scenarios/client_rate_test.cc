#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/harness/daemon.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

namespace ringway::test {
namespace {

constexpr std::size_t kBurst = 3;
constexpr std::size_t kTries = 40;

struct Limited {
  explicit Limited(const std::string& limits)
      : daemon({.config = documents(
                    {{.vip = vip, .endpoints = {server.address()}, .policy = "{perClient: {" + limits + "}}"}})}) {}

  [[nodiscard]] bool served(const std::optional<IpAddress>& from = std::nullopt) const {
    return TcpClient(vip, kPatience, 0, from).receive(7) == "server\n";
  }
  [[nodiscard]] double rejected(const std::string& reason) const {
    return daemon.metric("ringway_rejected_total", {{"reason", reason}}).value_or(0);
  }

  SocketAddress vip = next_vip();
  EchoServer server{{.at = {}}};
  Daemon daemon;
};

TEST(ClientRateScenario, who_comes_too_often_is_refused_and_others_are_not) {
  const Limited limited("rate: 1, burst: 3");
  const auto began = Clock::now();
  std::vector<bool> served;
  for (std::size_t i = 0; i < kTries; ++i) {
    served.push_back(limited.served());
  }
  const auto took = std::chrono::duration_cast<seconds>(Clock::now() - began);
  EXPECT_TRUE(served[0] && served[1] && served[2]) << "the burst";
  const auto count = static_cast<std::size_t>(std::ranges::count(served, true));
  EXPECT_LE(count, kBurst + static_cast<std::size_t>(took.count()) + 1) << "one more for each second that it took";
  EXPECT_TRUE(limited.served(next_endpoint_ip())) << "another client";
  EXPECT_TRUE(wait_until([&] { return limited.rejected("clientRate") == static_cast<double>(kTries - count); }));
  EXPECT_TRUE(wait_until([&] { return limited.served(); })) << "served again when it has waited";
}

TEST(ClientRateScenario, who_holds_as_many_as_are_allowed_is_refused_until_one_ends) {
  const Limited limited("maxConnections: 2");
  TcpClient first(limited.vip);
  TcpClient second(limited.vip);
  ASSERT_TRUE(first.receive(7) == "server\n" && second.receive(7) == "server\n");
  EXPECT_FALSE(limited.served());
  EXPECT_TRUE(limited.served(next_endpoint_ip())) << "another client";
  EXPECT_TRUE(wait_until([&] { return limited.rejected("clientConnections") == 1; }));
  first.close();
  EXPECT_TRUE(wait_until([&] { return limited.served(); }));
}

}  // namespace
}  // namespace ringway::test
