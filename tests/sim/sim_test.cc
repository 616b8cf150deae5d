#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/sim/content.h"
#include "tests/sim/world.h"

namespace ringway::sim {
namespace {

using proxy::Cause;

class SimTest : public testing::Test {
 protected:
  struct Played {
    Outcome outcome;
    std::string trace;
  };
  Played play(std::uint64_t seed, bool traced, std::uint32_t sessions = 0) {
    World world(draw_scenario(seed, sessions), ended_, traced);
    Played played{.outcome = world.play(), .trace = {}};
    played.trace = world.trace(1'000'000);
    return played;
  }

  proxy::EndedLog ended_;
};

TEST_F(SimTest, equal_seeds_play_equally_to_the_byte) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const std::string first = play(seed, true).trace;
    EXPECT_GT(first.size(), 100U);
    EXPECT_EQ(first, play(seed, true).trace) << "seed " << seed;
  }
}

TEST_F(SimTest, a_trace_changes_nothing) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    EXPECT_EQ(play(seed, true).outcome.turns, play(seed, false).outcome.turns) << "seed " << seed;
  }
}

TEST_F(SimTest, different_seeds_play_differently) {
  EXPECT_NE(play(1, true).trace, play(2, true).trace);
}

/// A search that never comes to a state cannot find what is wrong there.
TEST_F(SimTest, a_few_hundred_seeds_come_to_every_end_and_use_both_paths) {
  Outcome sum;
  for (std::uint64_t seed = 1; seed <= 800; ++seed) {
    const Outcome outcome = play(seed, false).outcome;
    ASSERT_FALSE(outcome.violation) << "seed " << seed << ": " << outcome.violation->what;
    sum.established += outcome.established;
    sum.copied_bytes += outcome.copied_bytes;
    sum.spliced_bytes += outcome.spliced_bytes;
    for (std::size_t cause = 0; cause < sum.ended.size(); ++cause) {
      sum.ended[cause] += outcome.ended[cause];
    }
  }
  EXPECT_GT(sum.established, 5000U);
  EXPECT_GT(sum.copied_bytes, 1'000'000U);
  EXPECT_GT(sum.spliced_bytes, 1'000'000U);
  for (const Cause cause :
       {Cause::kFinished, Cause::kClientReset, Cause::kUpstreamReset, Cause::kConnectRefused, Cause::kConnectTimeout,
        Cause::kConnectUnreachable, Cause::kConnectError, Cause::kNoEndpoint, Cause::kMaxConnections,
        Cause::kEndpointsFull, Cause::kClientConnections, Cause::kClientRate, Cause::kDenied, Cause::kProxyHeader,
        Cause::kSourcePorts, Cause::kIdleTimeout, Cause::kMaxAge, Cause::kDrained, Cause::kShutdown}) {
    EXPECT_GT(sum.ended[static_cast<std::size_t>(cause)], 0U) << proxy::to_string(cause);
  }
}

TEST_F(SimTest, thousands_of_sessions_at_once_hold) {
  const Outcome outcome = play(7, false, 5000).outcome;
  EXPECT_FALSE(outcome.violation) << outcome.violation->what;
  EXPECT_GT(outcome.established, 1000U);
}

TEST(ContentTest, is_told_from_every_other_by_speaker_and_position) {
  std::vector<std::byte> bytes(64);
  Content(4).write(1001, bytes);
  EXPECT_TRUE(Content(4).matches(1001, bytes));
  EXPECT_TRUE(Content(4).matches(1004, std::span(bytes).subspan(3)));
  EXPECT_FALSE(Content(4).matches(1002, bytes));
  EXPECT_FALSE(Content(4).matches(1009, bytes));
  EXPECT_FALSE(Content(6).matches(1001, bytes));
}

}  // namespace
}  // namespace ringway::sim
