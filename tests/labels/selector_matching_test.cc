#include <gtest/gtest.h>

#include <string>

#include "discovery/labels/selector.h"

namespace ringway::discovery {
namespace {

bool matches(const std::string& text, const Labels& labels) {
  const auto selector = Selector::parse(text);
  if (!selector) {
    ADD_FAILURE() << "'" << text << "': " << selector.error().what;
    return false;
  }
  return selector->matches(labels);
}

TEST(SelectorMatching, the_empty_selector_matches_everything) {
  EXPECT_TRUE(matches("", {}));
  EXPECT_TRUE(matches("", {{"x", "y"}}));
  EXPECT_TRUE(Selector().matches({{"x", "y"}}));
}

TEST(SelectorMatching, a_missing_key_matches_only_the_negations) {
  const Labels none;
  EXPECT_TRUE(matches("x!=a", none));
  EXPECT_TRUE(matches("x notin (a)", none));
  EXPECT_TRUE(matches("!x", none));
  for (const char* text : {"x=a", "x=", "x in (a)", "x in ()", "x", "x>1", "x<1"}) {
    EXPECT_FALSE(matches(text, none)) << text;
  }
}

TEST(SelectorMatching, requirements_are_joined_by_and) {
  EXPECT_TRUE(matches("x=y,z=w", {{"x", "y"}, {"z", "w"}, {"other", ""}}));
  EXPECT_FALSE(matches("x=y,z=w", {{"x", "y"}, {"z", "v"}}));
  EXPECT_FALSE(matches("x!=y,z!=w", {{"x", "z"}, {"z", "w"}}));
  EXPECT_TRUE(matches("x!=y,z!=w", {{"x", "z"}, {"z", "a"}}));
  EXPECT_FALSE(matches("x=a,x=b", {{"x", "a"}}));
}

TEST(SelectorMatching, sets_hold_the_empty_value_for_a_blank) {
  EXPECT_TRUE(matches("x notin (),y", {{"y", ""}}));
  EXPECT_TRUE(matches("x in ()", {{"x", ""}}));
  EXPECT_FALSE(matches("x in ()", {{"x", "a"}}));
  EXPECT_FALSE(matches("x notin (,a)", {{"x", ""}}));
  EXPECT_TRUE(matches("x in (a,b,c)", {{"x", "b"}}));
  EXPECT_FALSE(matches("x in (a,b,c)", {{"x", "d"}}));
  EXPECT_FALSE(matches("x notin (a,b,c)", {{"x", "b"}}));
}

TEST(SelectorMatching, keywords_are_keys_and_values_where_no_operator_may_stand) {
  EXPECT_TRUE(matches("notin=in", {{"notin", "in"}}));
  EXPECT_TRUE(matches("in in (in,notin)", {{"in", "notin"}}));
  EXPECT_FALSE(matches("!in", {{"in", ""}}));
}

TEST(SelectorMatching, order_compares_integers_of_64_bits) {
  EXPECT_TRUE(matches("z>1", {{"z", "2"}}));
  EXPECT_FALSE(matches("z>1", {{"z", "1"}}));
  EXPECT_TRUE(matches("z<1", {{"z", "-5"}}));
  EXPECT_TRUE(matches("z<10", {{"z", "+9"}}));
  EXPECT_TRUE(matches("z>9", {{"z", "0010"}}));
  EXPECT_TRUE(matches("z<9223372036854775807", {{"z", "9223372036854775806"}}));
  for (const char* no_integer : {"v2", "", "2.0", "2 ", "+-2", "0x2", "9223372036854775808"}) {
    EXPECT_FALSE(matches("z>1", {{"z", no_integer}})) << no_integer;
    EXPECT_FALSE(matches("z<1", {{"z", no_integer}})) << no_integer;
  }
}

TEST(SelectorMatching, values_are_compared_byte_by_byte) {
  EXPECT_FALSE(matches("x=a", {{"x", "A"}}));
  EXPECT_FALSE(matches("x=a", {{"X", "a"}}));
  EXPECT_TRUE(matches("x!=a", {{"x", "a "}}));
}

TEST(SelectorFromMap, is_an_equality_of_every_pair) {
  const auto selector = Selector::from_map({{"tier", "db"}, {"app", ""}});
  ASSERT_TRUE(selector);
  EXPECT_EQ(selector->to_string(), "app=,tier=db");
  EXPECT_TRUE(selector->matches({{"tier", "db"}, {"app", ""}, {"x", "y"}}));
  EXPECT_FALSE(selector->matches({{"tier", "db"}}));
  EXPECT_FALSE(Selector::from_map({{"a b", "c"}}));
  EXPECT_FALSE(Selector::from_map({{"a", "c c"}}));
}

TEST(SelectorFromRequirements, has_the_limits_of_match_expressions) {
  const auto selector = Selector::from_requirements({{"z", Operator::kNotIn, {"b", "a", "b"}},
                                                     {"a", Operator::kExists, {}},
                                                     {"b", Operator::kDoesNotExist, {}},
                                                     {"c", Operator::kIn, {"v"}}});
  ASSERT_TRUE(selector) << selector.error().what;
  EXPECT_EQ(selector->to_string(), "a,!b,c in (v),z notin (a,b)");
  EXPECT_FALSE(Selector::from_requirements({{"a", Operator::kIn, {}}}));
  EXPECT_FALSE(Selector::from_requirements({{"a", Operator::kNotIn, {}}}));
  EXPECT_FALSE(Selector::from_requirements({{"a", Operator::kExists, {"x"}}}));
  EXPECT_FALSE(Selector::from_requirements({{"a", Operator::kDoesNotExist, {""}}}));
  EXPECT_FALSE(Selector::from_requirements({{"a", Operator::kEquals, {"x", "y"}}}));
  EXPECT_FALSE(Selector::from_requirements({{"", Operator::kExists, {}}}));
}

}  // namespace
}  // namespace ringway::discovery
