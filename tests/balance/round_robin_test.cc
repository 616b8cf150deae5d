#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "proxy/balance/interleave.h"
#include "tests/balance/ports.h"

namespace ringway::proxy {
namespace {

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

TEST(RoundRobinTest, workers_share_one_order) {
  // Each worker's snapshot switch makes no new order: the cursor is the Service's.
  const ServicePort port = port_with(Balancer::kRoundRobin, 4, {1, 2, 3, 4});
  const auto one = make_picker(port);
  const auto other = make_picker(port);
  std::map<const EndpointState*, int> counts;
  for (int turn = 0; turn < 10; ++turn) {
    ++counts[(turn % 3 == 0 ? one : other)->pick({})];
  }
  for (int index = 0; index < 4; ++index) {
    EXPECT_EQ(counts[port.endpoints[static_cast<std::size_t>(index)].get()], index + 1);
  }
}

TEST(InterleavedTest, is_exact_in_each_round_and_reduced) {
  const std::vector<std::uint16_t> weights = {500, 100, 100, 300};
  const auto order = interleaved(weights);
  ASSERT_EQ(order.size(), 10U);
  EXPECT_EQ(std::ranges::count(order, 0U), 5);
  EXPECT_EQ(std::ranges::count(order, 1U), 1);
  EXPECT_EQ(std::ranges::count(order, 2U), 1);
  EXPECT_EQ(std::ranges::count(order, 3U), 3);
}

/// The most that an index is ahead or behind of its share, at any place of two rounds.
double worst_deviation(const std::vector<std::uint16_t>& weights) {
  const auto order = interleaved(weights);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<int> counts(weights.size());
  double worst = 0;
  for (std::size_t turn = 0; turn < 2 * order.size(); ++turn) {
    ++counts[order[turn % order.size()]];
    for (std::size_t index = 0; index < weights.size(); ++index) {
      worst = std::max(worst, std::abs(counts[index] - weights[index] / total * static_cast<double>(turn + 1)));
    }
  }
  return worst;
}

TEST(InterleavedTest, is_smooth_nobody_is_ever_far_from_his_share) {
  EXPECT_LE(worst_deviation({5, 1, 1}), 1.5);
  EXPECT_LE(worst_deviation({100, 5}), 1.5);
  EXPECT_LE(worst_deviation({1000, 999, 1}), 1.5);
  std::mt19937_64 random(11);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::uint16_t> weights(2 + random() % 30);
    std::ranges::generate(weights, [&] { return static_cast<std::uint16_t>(1 + random() % 100); });
    EXPECT_LE(worst_deviation(weights), 2.5) << "round " << round;
  }
}

TEST(InterleavedTest, is_bounded_and_leaves_nobody_out) {
  std::vector<std::uint16_t> weights(4096, 1000);
  weights[7] = 1;
  weights[9] = 999;
  const auto order = interleaved(weights);
  EXPECT_LE(order.size(), kInterleaved + weights.size());
  std::vector<int> counts(weights.size());
  for (const std::uint32_t index : order) {
    ++counts[index];
  }
  EXPECT_EQ(counts[7], 1);
  EXPECT_EQ(std::ranges::min(counts[0], counts[4095]), 16);
  EXPECT_EQ(std::ranges::max(counts), 16);
}

}  // namespace
}  // namespace ringway::proxy
