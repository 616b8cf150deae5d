#include <gtest/gtest.h>

#include <thread>

#include "tests/balance/ports.h"

namespace ringway::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kStart = Time(std::chrono::hours(100));
constexpr milliseconds kDecay{10'000};

TEST(PeakEwmaTest, rises_to_a_peak_at_once_and_falls_slowly) {
  PeakEwma latency;
  EXPECT_EQ(latency.at(kStart, kDecay), 0);
  latency.observe(milliseconds(1), kStart, kDecay);
  EXPECT_EQ(latency.latest(), 1000);
  latency.observe(milliseconds(100), kStart, kDecay);
  EXPECT_EQ(latency.latest(), 100'000);
  // After one decay time a sample counts by 1 - 1/e.
  latency.observe(milliseconds(0), kStart + kDecay, kDecay);
  EXPECT_NEAR(latency.latest(), 36'788, 10);
  // Samples that come close together hardly count: it is time that forgets.
  latency.observe(milliseconds(1), kStart + kDecay, kDecay);
  EXPECT_NEAR(latency.latest(), 36'788, 10);
}

TEST(PeakEwmaTest, without_samples_it_is_forgotten) {
  PeakEwma latency;
  latency.observe(milliseconds(100), kStart, kDecay);
  EXPECT_NEAR(latency.at(kStart + kDecay, kDecay), 36'788, 10);
  EXPECT_LT(latency.at(kStart + 20 * kDecay, kDecay), 1);
  EXPECT_EQ(latency.latest(), 100'000);
}

TEST(PeakEwmaTest, a_part_of_a_latency_raises_only) {
  PeakEwma latency;
  latency.observe(milliseconds(100), kStart, kDecay);
  latency.raise(milliseconds(1), kStart + kDecay, kDecay);
  EXPECT_EQ(latency.latest(), 100'000);
  latency.raise(milliseconds(200), kStart + kDecay, kDecay);
  EXPECT_EQ(latency.latest(), 200'000);
}

TEST(PeakEwmaTest, threads_lose_no_peak) {
  PeakEwma latency;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&latency, thread] {
        for (int sample = 0; sample < 10'000; ++sample) {
          latency.observe(std::chrono::microseconds(sample * 4 + thread), kStart, kDecay);
        }
      });
    }
  }
  EXPECT_EQ(latency.latest(), 9999 * 4 + 3);
}

std::vector<double> shares_of(const ServicePort& port) {
  for (const auto& endpoint : port.endpoints) {
    endpoint->latency.observe(milliseconds(1), Time(std::chrono::hours(1)), port.policy.ewma_decay);
  }
  return shares(port, 10'000);
}

TEST(PeakEwmaPickerTest, a_slow_endpoint_gets_nothing_while_there_is_a_fast_one_among_the_two) {
  const ServicePort port = port_with(Balancer::kPeakEwma, 4);
  port.endpoints[0]->latency.observe(milliseconds(50), Time(std::chrono::hours(1)), port.policy.ewma_decay);
  const auto all = shares_of(port);
  EXPECT_EQ(all[0], 0);
  EXPECT_NEAR(all[1], 1.0 / 3, 0.03);
}

TEST(PeakEwmaPickerTest, sessions_count_as_much_as_latency) {
  const ServicePort port = port_with(Balancer::kPeakEwma, 2);
  const auto picker = make_picker(port);
  const Time now = Time(std::chrono::hours(1));
  port.endpoints[0]->latency.observe(milliseconds(10), now, port.policy.ewma_decay);
  port.endpoints[1]->latency.observe(milliseconds(30), now, port.policy.ewma_decay);
  const auto sessions = filled(port, 400);
  EXPECT_NEAR(sessions[0], 300, 2) << "three times as fast, three times as many";
}

TEST(PeakEwmaPickerTest, one_that_never_answered_is_left_alone_once_it_has_a_session) {
  const ServicePort port = port_with(Balancer::kPeakEwma, 2);
  port.endpoints[0]->latency.observe(seconds(1), Time(std::chrono::hours(1)), port.policy.ewma_decay);
  const auto sessions = filled(port, 50);
  EXPECT_EQ(sessions[1], 1U);
}

}  // namespace
}  // namespace ringway::proxy
