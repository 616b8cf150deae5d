#include "proxy/balance/picker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace ringway::proxy {
namespace {

ServicePort port_with(Balancer balancer, std::size_t endpoints) {
  ServicePort port;
  port.policy.balancer = balancer;
  port.stats = std::make_shared<ServiceStats>(1);
  for (std::size_t index = 0; index < endpoints; ++index) {
    port.endpoints.push_back(std::make_shared<EndpointState>(
        port.key, SocketAddress(IpAddress::v4(0x7f000001 + static_cast<std::uint32_t>(index)), 80), "", port.stats));
  }
  return port;
}

class EveryPickerTest : public testing::TestWithParam<Balancer> {};

TEST_P(EveryPickerTest, picks_none_where_there_is_none) {
  const ServicePort port = port_with(GetParam(), 0);
  EXPECT_EQ(make_picker(port)->pick({}), nullptr);
}

TEST_P(EveryPickerTest, never_picks_what_was_tried_until_none_is_left) {
  const ServicePort port = port_with(GetParam(), 5);
  const auto picker = make_picker(port);
  std::mt19937_64 random(1);
  std::vector<const EndpointState*> tried;
  while (tried.size() < 5) {
    const EndpointState* endpoint = picker->pick({.tried = tried, .random = random()});
    ASSERT_NE(endpoint, nullptr);
    ASSERT_EQ(std::ranges::find(tried, endpoint), tried.end());
    tried.push_back(endpoint);
  }
  EXPECT_EQ(picker->pick({.tried = tried, .random = random()}), nullptr);
}

TEST_P(EveryPickerTest, spreads_evenly_over_idle_endpoints) {
  const ServicePort port = port_with(GetParam(), 8);
  const auto picker = make_picker(port);
  std::mt19937_64 random(7);
  std::map<const EndpointState*, int> picks;
  for (int pick = 0; pick < 8000; ++pick) {
    ++picks[picker->pick({.tried = {}, .random = random()})];
  }
  ASSERT_EQ(picks.size(), 8);
  for (const auto& [endpoint, count] : picks) {
    // Five standard deviations of a fair draw; the other two are exact.
    EXPECT_NEAR(count, 1000, 150);
  }
}

INSTANTIATE_TEST_SUITE_P(, EveryPickerTest,
                         testing::Values(Balancer::kRoundRobin, Balancer::kRandom, Balancer::kLeastConnections));

TEST(RoundRobinTest, keeps_the_order_of_the_endpoints) {
  const ServicePort port = port_with(Balancer::kRoundRobin, 3);
  const auto picker = make_picker(port);
  for (std::size_t turn = 0; turn < 9; ++turn) {
    EXPECT_EQ(picker->pick({}), port.endpoints[turn % 3].get());
  }
}

TEST(RoundRobinTest, a_retry_does_not_move_the_order) {
  const ServicePort port = port_with(Balancer::kRoundRobin, 3);
  const auto picker = make_picker(port);
  const EndpointState* first = picker->pick({});
  EXPECT_EQ(picker->pick({.tried = {&first, 1}}), port.endpoints[1].get());
  EXPECT_EQ(picker->pick({}), port.endpoints[1].get());
}

TEST(LeastConnectionsTest, picks_the_endpoint_with_the_fewest) {
  const ServicePort port = port_with(Balancer::kLeastConnections, 4);
  const auto picker = make_picker(port);
  for (const auto& endpoint : port.endpoints) {
    endpoint->active = 5;
  }
  port.endpoints[2]->active = 4;
  for (int pick = 0; pick < 10; ++pick) {
    EXPECT_EQ(picker->pick({}), port.endpoints[2].get());
  }
}

}  // namespace
}  // namespace ringway::proxy
