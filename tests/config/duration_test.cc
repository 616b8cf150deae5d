#include "config/duration.h"

#include <gtest/gtest.h>

#include <random>

namespace ringway::config {
namespace {

using std::chrono::milliseconds;

TEST(Duration, reads_what_go_reads) {
  const std::vector<std::pair<const char*, std::int64_t>> cases = {{"0", 0},
                                                                   {"0s", 0},
                                                                   {"1500ms", 1500},
                                                                   {"2s", 2000},
                                                                   {"1m30s", 90'000},
                                                                   {"1h", 3'600'000},
                                                                   {"1.5h", 5'400'000},
                                                                   {".5s", 500},
                                                                   {"1.s", 1000},
                                                                   {"1h2m3s4ms", 3'723'004},
                                                                   {"1000us", 1},
                                                                   {"1000µs", 1},
                                                                   {"1000000ns", 1},
                                                                   {"0.1s", 100},
                                                                   {"0.29s", 290},
                                                                   {"1s1s", 2000},
                                                                   {"876000h", 3'153'600'000'000}};
  for (const auto& [text, expected] : cases) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text << ": " << duration.error();
    EXPECT_EQ(duration->count(), expected) << text;
  }
}

TEST(Duration, refuses_the_rest_and_shows_the_form) {
  for (const char* text : {"",
                           "5",
                           "1.5",
                           "s",
                           "ms",
                           "-1s",
                           "+1s",
                           "1 s",
                           "1d",
                           "1sec",
                           "1s ",
                           " 1s",
                           ".s",
                           "1..5s",
                           "1e3s",
                           "1ns",
                           "0.5ms",
                           "9999999h",
                           "99999999999999999999999999999s",
                           "1h-1s",
                           "2S",
                           "\xc2"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_NE(duration.error().find("1500ms, 2s, 1m30s or 1h"), std::string::npos) << duration.error();
  }
  EXPECT_EQ(parse_duration("5").error(), "the unit is missing, a duration like 1500ms, 2s, 1m30s or 1h is needed");
}

TEST(Duration, printing_parses_to_the_same) {
  EXPECT_EQ(print_duration(milliseconds(90'000)), "1m30s");
  EXPECT_EQ(print_duration(milliseconds(0)), "0");
  EXPECT_EQ(print_duration(milliseconds(1500)), "1500ms");
  std::mt19937_64 engine(7);
  for (int round = 0; round < 10'000; ++round) {
    const milliseconds duration(engine() % 100'000'000'000);
    const auto again = parse_duration(print_duration(duration));
    ASSERT_TRUE(again) << print_duration(duration);
    ASSERT_EQ(*again, duration) << print_duration(duration);
  }
}

}  // namespace
}  // namespace ringway::config
