#include <gtest/gtest.h>

#include <random>
#include <string>

#include "discovery/labels/selector.h"

namespace ringway::discovery {
namespace {

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t limit) {
    return std::uniform_int_distribution<std::uint32_t>(0, limit - 1)(engine_);
  }
  std::string pick(std::initializer_list<const char*> from) { return *(from.begin() + below(from.size())); }

 private:
  std::mt19937 engine_;
};

std::string space(Random& random) {
  return random.pick({"", "", " ", "\t", "\r\n"});
}
std::string key(Random& random) {
  return random.pick({"a", "b", "in", "notin", "e.com/c", "x-1"});
}
std::string value(Random& random) {
  return random.pick({"", "v", "w", "in", "notin", "7", "v-1.x_2"});
}

std::string requirement(Random& random) {
  const std::string left = space(random) + key(random);
  switch (random.below(5)) {
    case 0:
      return left;
    case 1:
      return "!" + left;
    case 2:
      return left + space(random) + random.pick({"=", "==", "!="}) + space(random) + value(random) + space(random);
    case 3:
      return left + space(random) + random.pick({">", "<"}) + std::to_string(random.below(20));
    default: {
      std::string set = left + " " + random.pick({"in", "notin"}) + space(random) + "(";
      for (std::uint32_t count = random.below(4); count > 0; --count) {
        set += value(random) + space(random) + ",";
      }
      return set + value(random) + ")";
    }
  }
}

TEST(SelectorProperty, the_canonical_form_parses_to_an_equal_selector_that_matches_the_same) {
  const std::uint32_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  Random random(seed);
  for (int round = 0; round < 5000; ++round) {
    std::string text = requirement(random);
    for (std::uint32_t more = random.below(4); more > 0; --more) {
      text += "," + requirement(random);
    }
    SCOPED_TRACE("seed " + std::to_string(seed) + ", selector '" + text + "'");
    const auto selector = Selector::parse(text);
    ASSERT_TRUE(selector) << selector.error().what;
    const auto again = Selector::parse(selector->to_string());
    ASSERT_TRUE(again) << "canonical '" << selector->to_string() << "': " << again.error().what;
    ASSERT_EQ(*selector, *again);
    ASSERT_EQ(selector->to_string(), again->to_string());
    const Labels labels = {{key(random), value(random)}, {key(random), value(random)}};
    ASSERT_EQ(selector->matches(labels), again->matches(labels));
  }
}

TEST(SelectorProperty, no_text_makes_the_parser_do_more_than_refuse) {
  const std::uint32_t seed = std::random_device{}();
  Random random(seed);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::uint32_t length = random.below(12); length > 0; --length) {
      text += random.pick({"a", "in", "notin", "(", ")", ",", "=", "!", "<", ">", " ", "1", "-", "/", "\xff"});
    }
    const auto selector = Selector::parse(text);
    if (!selector) {
      ASSERT_LE(selector.error().position, text.size()) << "seed " << seed << ", '" << text << "'";
      ASSERT_FALSE(selector.error().what.empty()) << "seed " << seed << ", '" << text << "'";
    }
  }
}

}  // namespace
}  // namespace ringway::discovery
