#include "proxy/core/doubt.h"

#include <gtest/gtest.h>

#include <chrono>
#include <utility>

#include "proxy/core/retry_budget.h"

namespace ringway::proxy {
namespace {

using std::chrono::milliseconds;

constexpr Time kStart{std::chrono::hours(1)};

TEST(DoubtTest, one_tries_for_all_when_its_time_is_over) {
  Doubt doubt;
  EXPECT_FALSE(doubt.raised());
  EXPECT_FALSE(doubt.claim_trial(kStart));
  doubt.raise(kStart, 1);
  EXPECT_TRUE(doubt.raised());
  EXPECT_FALSE(doubt.claim_trial(kStart + Doubt::kFirst - milliseconds(1)));
  const Time later = kStart + Doubt::kFirst;
  EXPECT_TRUE(doubt.claim_trial(later)) << "the one that tries";
  EXPECT_FALSE(doubt.claim_trial(later)) << "the others wait for what it finds";
  EXPECT_TRUE(doubt.raised());
  doubt.clear();
  EXPECT_FALSE(doubt.raised());
}

TEST(DoubtTest, each_failure_makes_it_last_twice_as_long) {
  Doubt doubt;
  for (const auto& [in_row, lasts] : {std::pair(1U, 10), {2U, 20}, {4U, 80}, {7U, 640}, {8U, 1000}, {5000U, 1000}}) {
    doubt.raise(kStart, in_row);
    EXPECT_FALSE(doubt.claim_trial(kStart + milliseconds(lasts - 1))) << in_row;
    EXPECT_TRUE(doubt.claim_trial(kStart + milliseconds(lasts))) << in_row;
  }
}

int spend_all(RetryBudget& budget, Time now) {
  int spent = 0;
  while (budget.spend(now)) {
    ++spent;
  }
  return spent;
}

TEST(RetryBudgetTest, sessions_earn_retries_and_some_come_free) {
  RetryBudget budget;
  EXPECT_EQ(spend_all(budget, kStart), RetryBudget::kReserve);
  for (int session = 0; session < 100; ++session) {
    budget.earn(200, kStart);
  }
  EXPECT_EQ(spend_all(budget, kStart), 20);
  EXPECT_EQ(spend_all(budget, kStart + RetryBudget::kWindow), RetryBudget::kReserve);
}

TEST(RetryBudgetTest, what_was_earned_lasts_to_the_end_of_the_next_window) {
  RetryBudget budget;
  budget.earn(1000, kStart);
  EXPECT_EQ(spend_all(budget, kStart + RetryBudget::kWindow), 2 * RetryBudget::kReserve + 1);
  budget.earn(1000, kStart + RetryBudget::kWindow);
  EXPECT_EQ(spend_all(budget, kStart + 3 * RetryBudget::kWindow), RetryBudget::kReserve) << "two windows later";
}

}  // namespace
}  // namespace ringway::proxy
