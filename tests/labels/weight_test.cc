#include "discovery/labels/weight.h"

#include <gtest/gtest.h>

namespace ringway::discovery {
namespace {

TEST(WeightLabel, is_a_whole_number_up_to_a_thousand) {
  EXPECT_EQ(read_weight({}).value(), std::nullopt);
  EXPECT_EQ(read_weight({{"ringway.io/weight", "0"}}).value(), 0);
  EXPECT_EQ(read_weight({{"ringway.io/weight", "1000"}}).value(), 1000);
  for (const char* wrong : {"", "-1", "1001", "70000", "5%", " 5", "0x5", "2.5", "five"}) {
    const auto weight = read_weight({{"ringway.io/weight", wrong}});
    ASSERT_FALSE(weight) << wrong;
    EXPECT_EQ(weight.error(), "'" + std::string(wrong) + "' is no weight, a whole number from 0 to 1000 is needed");
  }
}

}  // namespace
}  // namespace ringway::discovery
