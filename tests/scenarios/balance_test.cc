#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/harness/daemon.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

namespace ringway::test {
namespace {

TEST(BalanceScenario, round_robin_gives_each_server_its_turn_and_begins_again) {
  const auto vip = next_vip();
  const auto servers = start_servers(4);
  const Daemon daemon(
      {.config = documents({{.vip = vip, .endpoints = addresses_of(servers), .policy = "{balancer: roundRobin}"}}),
       .spec_lines = {"workers: 4"}});
  std::vector<std::string> order;
  for (int i = 0; i < 12; ++i) {
    order.push_back(TcpClient(vip).receive(9));
  }
  const std::vector<std::string> round(order.begin(), order.begin() + 4);
  EXPECT_EQ(std::set<std::string>(round.begin(), round.end()).size(), 4U) << "each once";
  for (std::size_t i = 0; i < order.size(); ++i) {
    EXPECT_EQ(order[i], round[i % 4]) << "connection " << i << ", whichever worker took it";
  }
}

}  // namespace
}  // namespace ringway::test
