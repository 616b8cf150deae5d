#include "discovery/health/health_state.h"

#include <gtest/gtest.h>

namespace ringway::discovery {
namespace {

void record(HealthState& state, std::initializer_list<bool> results) {
  for (const bool success : results) {
    state.record(success, success ? "fine" : "broken");
  }
}

TEST(HealthState, KnowsNothingBeforeTheFirstResult) {
  const HealthState state(2, 3);
  EXPECT_EQ(state.health().up, std::nullopt);
  EXPECT_FALSE(state.settled());
}

TEST(HealthState, FirstSuccessTakesAnUnknownOneUpWhateverRiseIs) {
  HealthState state(5, 3);
  EXPECT_TRUE(state.record(true, "HTTP 200"));
  EXPECT_EQ(state.health(), (Health{true, "HTTP 200"}));
  EXPECT_TRUE(state.settled());
}

TEST(HealthState, SuccessAfterFailuresOfAnUnknownOneTakesItUpAtOnce) {
  HealthState state(5, 3);
  record(state, {false, false, true});
  EXPECT_EQ(state.health().up, true);
}

TEST(HealthState, UnknownOneGoesDownAfterFallFailuresOnly) {
  HealthState state(2, 3);
  record(state, {false, false});
  EXPECT_EQ(state.health().up, std::nullopt);
  EXPECT_FALSE(state.settled());
  record(state, {false});
  EXPECT_EQ(state.health().up, false);
  EXPECT_TRUE(state.settled());
}

TEST(HealthState, UpOneGoesDownAfterFallFailuresInARow) {
  HealthState state(2, 3);
  record(state, {true, false, false, true, false, false});
  EXPECT_EQ(state.health().up, true);
  EXPECT_FALSE(state.settled());
  record(state, {false});
  EXPECT_EQ(state.health().up, false);
}

TEST(HealthState, DownOneComesUpAfterRiseSuccessesInARow) {
  HealthState state(2, 1);
  record(state, {false, true, false, true});
  EXPECT_EQ(state.health().up, false);
  record(state, {true});
  EXPECT_EQ(state.health().up, true);
}

TEST(HealthState, SaysWhetherUpOrDetailChanged) {
  HealthState state(2, 3);
  EXPECT_TRUE(state.record(true, "HTTP 200"));
  EXPECT_FALSE(state.record(true, "HTTP 200"));
  EXPECT_TRUE(state.record(false, "HTTP 503, wanted 200"));
  EXPECT_FALSE(state.record(false, "HTTP 503, wanted 200"));
  EXPECT_TRUE(state.record(false, "HTTP 503, wanted 200"));
  EXPECT_EQ(state.health().up, false);
}

TEST(HealthState, ProbeThatWasNotRunCountsForNothing) {
  HealthState state(1, 2);
  record(state, {true, false});
  EXPECT_TRUE(state.not_run("not probed"));
  EXPECT_FALSE(state.not_run("not probed"));
  EXPECT_EQ(state.health(), (Health{true, "not probed"}));
  record(state, {false});
  EXPECT_EQ(state.health().up, false) << "the failure before still counts";
}

}  // namespace
}  // namespace ringway::discovery
