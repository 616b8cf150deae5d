#include "proxy/balance/picker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/balance/ports.h"

/// What holds for every algorithm, and how sessions are spread.
namespace ringway::proxy {
namespace {

constexpr std::array kAll = {Balancer::kRoundRobin, Balancer::kLeastConnections, Balancer::kRandom,
                             Balancer::kPowerOfTwo, Balancer::kSourceHash,       Balancer::kPeakEwma,
                             Balancer::kFirst};
static_assert(kAll.size() == kBalancerCount);

class EveryPickerTest : public testing::TestWithParam<Balancer> {};

TEST_P(EveryPickerTest, picks_none_where_there_is_none) {
  const ServicePort port = port_with(GetParam(), 0);
  EXPECT_EQ(make_picker(port)->pick({}), nullptr);
}

TEST_P(EveryPickerTest, never_picks_what_was_tried_until_none_is_left) {
  for (const std::vector<std::uint16_t>& weights :
       {std::vector<std::uint16_t>(), {1, 2, 3, 4, 5}, {1000, 1, 1, 1, 1}, {1, 1, 1, 1, 1000}}) {
    const ServicePort port = port_with(GetParam(), 5, weights);
    const auto picker = make_picker(port);
    std::mt19937_64 random(1);
    for (int session = 0; session < 200; ++session) {
      std::vector<const EndpointState*> tried;
      const IpAddress from = client(static_cast<std::uint32_t>(random()));
      while (tried.size() < 5) {
        const EndpointState* endpoint =
            picker->pick({.tried = tried, .random = random(), .client = from, .now = Time()});
        ASSERT_NE(endpoint, nullptr);
        ASSERT_EQ(std::ranges::find(tried, endpoint), tried.end());
        tried.push_back(endpoint);
      }
      ASSERT_EQ(picker->pick({.tried = tried, .random = random(), .client = from, .now = Time()}), nullptr);
    }
  }
}

TEST_P(EveryPickerTest, goes_to_the_reserves_in_their_order_when_all_were_tried) {
  ServicePort port = port_with(GetParam(), 2);
  port.reserves = {{endpoint_at(port, 10), endpoint_at(port, 11)}, {endpoint_at(port, 20)}};
  const auto picker = make_picker(port);
  std::mt19937_64 random(1);
  for (int session = 0; session < 100; ++session) {
    std::vector<const EndpointState*> tried;
    std::vector<std::uint8_t> order;
    while (const EndpointState* next =
               picker->pick({.tried = tried, .random = random(), .client = client(3), .now = Time()})) {
      tried.push_back(next);
      order.push_back(next->address.ip().bytes()[3]);
    }
    ASSERT_EQ(order.size(), 5U);
    EXPECT_LE(std::max(order[0], order[1]), 2);
    EXPECT_EQ(std::min(order[2], order[3]), 11);
    EXPECT_EQ(std::max(order[2], order[3]), 12);
    EXPECT_EQ(order[4], 21);
  }
}

INSTANTIATE_TEST_SUITE_P(, EveryPickerTest, testing::ValuesIn(kAll));

/// All but `first`, which does not spread.
class SpreadTest : public testing::TestWithParam<Balancer> {};

TEST_P(SpreadTest, spreads_evenly_over_idle_endpoints) {
  constexpr int kPicks = 80'000;
  for (const double share : shares(port_with(GetParam(), 8), kPicks)) {
    // Five standard deviations of a fair draw; the table of sourceHash adds its own, below 1 %.
    EXPECT_NEAR(share, 1.0 / 8, 5 * std::sqrt(1.0 / 8 * 7 / 8 / kPicks) + 0.00125);
  }
}

TEST_P(SpreadTest, spreads_by_weight_over_idle_endpoints) {
  constexpr int kPicks = 80'000;
  const std::vector<std::uint16_t> weights = {5, 100, 100, 300, 1, 494};
  const auto all = shares(port_with(GetParam(), weights.size(), weights), kPicks);
  for (std::size_t index = 0; index < weights.size(); ++index) {
    const double expected = weights[index] / 1000.0;
    EXPECT_NEAR(all[index], expected, 5 * std::sqrt(expected * (1 - expected) / kPicks) + 0.01 * expected)
        << "weight " << weights[index];
  }
}

INSTANTIATE_TEST_SUITE_P(, SpreadTest,
                         testing::Values(Balancer::kRoundRobin, Balancer::kLeastConnections, Balancer::kRandom,
                                         Balancer::kPowerOfTwo, Balancer::kSourceHash, Balancer::kPeakEwma));

/// Those that look at the sessions that there are.
class LoadAwareTest : public testing::TestWithParam<Balancer> {};

TEST_P(LoadAwareTest, fills_endpoints_by_weight) {
  const std::vector<std::uint16_t> weights = {10, 20, 30, 40};
  const auto sessions = filled(port_with(GetParam(), 4, weights), 10'000);
  for (std::size_t index = 0; index < weights.size(); ++index) {
    EXPECT_NEAR(sessions[index], weights[index] * 100, 30) << "weight " << weights[index];
  }
}

TEST_P(LoadAwareTest, evens_out_what_was_uneven) {
  const ServicePort port = port_with(GetParam(), 4);
  port.endpoints[0]->active = 1000;
  const auto sessions = filled(port, 3000);
  for (const std::uint32_t count : sessions) {
    EXPECT_NEAR(count, 1000, 10);
  }
}

INSTANTIATE_TEST_SUITE_P(, LoadAwareTest, testing::Values(Balancer::kLeastConnections, Balancer::kPowerOfTwo));

TEST(PowerOfTwoTest, the_fullest_endpoint_is_hardly_above_the_mean) {
  // Balls into bins: with 1,000 of each one choice leaves a maximum of 5 or 6, the better of two at most 4
  // (log log n / log 2 + O(1), Azar et al. 1994).
  const auto one = filled(port_with(Balancer::kRandom, 1000), 1000);
  const auto two = filled(port_with(Balancer::kPowerOfTwo, 1000), 1000);
  EXPECT_GE(*std::ranges::max_element(one), 5U);
  EXPECT_LE(*std::ranges::max_element(two), 4U);
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

TEST(FirstTest, fills_one_and_then_the_next) {
  ServicePort port = port_with(Balancer::kFirst, 3);
  port.policy.first_limit = 10;
  EXPECT_EQ(filled(port, 15), (std::vector<std::uint32_t>{10, 5, 0}));
  EXPECT_EQ(filled(port, 15), (std::vector<std::uint32_t>{10, 10, 10}));
  // All are full: the least full one, so that nobody is refused.
  EXPECT_EQ(filled(port, 3), (std::vector<std::uint32_t>{11, 11, 11}));
  port.endpoints[0]->active = 3;
  EXPECT_EQ(make_picker(port)->pick({}), port.endpoints[0].get());
}

TEST(FirstTest, without_a_limit_the_first_takes_all) {
  const ServicePort port = port_with(Balancer::kFirst, 3);
  EXPECT_EQ(filled(port, 100), (std::vector<std::uint32_t>{100, 0, 0}));
  const EndpointState* first = port.endpoints[0].get();
  EXPECT_EQ(make_picker(port)->pick({.tried = {&first, 1}}), port.endpoints[1].get());
}

}  // namespace
}  // namespace ringway::proxy
