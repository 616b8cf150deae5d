#include "proxy/core/bandwidth.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace ringway::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Time kStart = Time(seconds(1000));

TEST(Bandwidth, what_was_read_is_paid_for_by_time) {
  const Time paid = paid_after(kStart, kStart, 500, 1000);
  EXPECT_EQ(paid - kStart, milliseconds(500));
  EXPECT_EQ(paid_after(paid, kStart, 500, 1000) - kStart, milliseconds(1000));
}

TEST(Bandwidth, a_pause_saves_up_no_more_than_the_burst) {
  const Time later = kStart + seconds(60);
  EXPECT_EQ(allowance(kStart, later, 10'000), 1000);
  EXPECT_EQ(paid_after(kStart, later, 1000, 10'000), later);
  EXPECT_EQ(paid_after(kStart, later, 2000, 10'000), later + milliseconds(100));
}

TEST(Bandwidth, nothing_is_allowed_in_debt) {
  EXPECT_EQ(allowance(kStart + milliseconds(1), kStart, 1'000'000), 0);
  EXPECT_EQ(allowance(kStart - milliseconds(50), kStart, 1000), 50);
}

TEST(Bandwidth, the_greatest_amounts_do_not_overflow) {
  EXPECT_EQ(paid_after(kStart, kStart, 0xffffffff, 1) - kStart, seconds(0xffffffff));
  EXPECT_GT(allowance(kStart, kStart + seconds(1), std::uint64_t{1} << 40), std::uint64_t{1} << 36);
}

TEST(Bandwidth, a_service_loses_nothing_that_its_workers_take) {
  ServiceBandwidth bandwidth;
  bandwidth.limit({0, 1000});
  {
    std::vector<std::jthread> workers;
    for (int worker = 0; worker < 4; ++worker) {
      workers.emplace_back([&bandwidth] {
        for (int read = 0; read < 1000; ++read) {
          bandwidth.take(1, kStart, 10);
        }
      });
    }
  }
  EXPECT_EQ(bandwidth.paid(1), kStart - kBandwidthBurst + seconds(40));
  EXPECT_EQ(bandwidth.paid(0), Time());
}

TEST(Bandwidth, another_rate_of_a_service_forgives_what_was_read_at_the_one_before) {
  ServiceBandwidth bandwidth;
  bandwidth.limit({1000, 1000});
  bandwidth.take(0, kStart, 60'000);
  bandwidth.take(1, kStart, 60'000);
  bandwidth.limit({1000, 2000});
  EXPECT_EQ(bandwidth.paid(0), kStart - kBandwidthBurst + seconds(60));
  EXPECT_LE(bandwidth.paid(1), kStart);
  bandwidth.take(1, kStart, 60'000);
  EXPECT_EQ(bandwidth.paid(1), kStart - kBandwidthBurst + seconds(30));
}

TEST(Bandwidth, a_service_without_a_limit_takes_nothing) {
  ServiceBandwidth bandwidth;
  bandwidth.limit({1000, 0});
  bandwidth.take(0, kStart, 60'000);
  bandwidth.take(1, kStart, 60'000);
  EXPECT_EQ(bandwidth.paid(1), Time());
  bandwidth.limit({0, 0});
  EXPECT_EQ(bandwidth.paid(0), Time());
}

}  // namespace
}  // namespace ringway::proxy
