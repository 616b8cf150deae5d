#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "discovery/labels/selector.h"

namespace ringway::discovery {
namespace {

using Strings = std::vector<std::string>;

Requirement only(const std::string& text) {
  const auto selector = Selector::parse(text);
  if (!selector || selector->requirements().size() != 1) {
    ADD_FAILURE() << "'" << text << "' is not one requirement: " << (selector ? "" : selector.error().what);
    return {};
  }
  return selector->requirements().front();
}

TEST(SelectorGrammar, valid_texts_have_this_canonical_form) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {" \t\r\n", ""},
      {"x=a,y=b,z=c", "x=a,y=b,z=c"},
      {"z=c,x==a , y!=b", "x=a,y!=b,z=c"},
      {"x= ", "x="},
      {"x=,z= ", "x=,z="},
      {"x= ,z= ", "x=,z="},
      {"!x", "!x"},
      {"\rx", "x"},
      {"x>1", "x>1"},
      {"x>1,z<5", "x>1,z<5"},
      {"x notin (abc,,def),bar,z in (),w", "bar,w,x notin (,abc,def),z in ()"},
      {"a in (x,y,notin, z,in)", "a in (in,notin,x,y,z)"},
      {"x in (b,a,b)", "x in (a,b)"},
      {"x in (,)", "x in ()"},
      {"x in (a,,)", "x in (,a)"},
      {"x in( a )", "x in (a)"},
      {"notin=in", "notin=in"},
      {"in in (in)", "in in (in)"},
      {"in,notin", "in,notin"},
      {"notin notin (notin)", "notin notin (notin)"},
      {"example.com/role!=db", "example.com/role!=db"},
      {"x=a,x=a", "x=a"},
  };
  for (const auto& [text, canonical] : cases) {
    const auto selector = Selector::parse(text);
    ASSERT_TRUE(selector) << "'" << text << "': " << selector.error().what;
    EXPECT_EQ(selector->to_string(), canonical) << "'" << text << "'";
  }
}

TEST(SelectorGrammar, these_texts_are_refused) {
  const Strings cases = {"!x=a",
                         "x==a==b",
                         "x=a||y=b",
                         "x,,y",
                         ",x,y",
                         "a in (xyz),",
                         "a in (xyz abc)",
                         "x<a",
                         "x>-1",
                         "x>",
                         "x>1.5",
                         "x in",
                         "x in (",
                         "x in (a",
                         "x in a",
                         "x notin",
                         "!",
                         "!!x",
                         "!,x",
                         "x y",
                         "x=a b",
                         "x=(a)",
                         "=a",
                         "(x)",
                         "x in)",
                         "x===a",
                         "x=!a",
                         "x!a",
                         "-x",
                         "x/",
                         "/x",
                         "a/b/c",
                         "A.com/x",
                         "x=-a",
                         "x=a_",
                         "x in (-)",
                         "x>99999999999999999999",
                         "x,",
                         "x\\,y",
                         "x=\\,\\=\\",
                         "x in (a)(b)",
                         "x=a,!",
                         "\xc3\xa9=a"};
  for (const std::string& text : cases) {
    EXPECT_FALSE(Selector::parse(text)) << "'" << text << "'";
  }
  EXPECT_FALSE(Selector::parse(std::string_view("x\0y", 3)));
}

TEST(SelectorGrammar, an_error_says_where_and_what_is_allowed) {
  const auto missing_operator = Selector::parse("tier=db, role x");
  ASSERT_FALSE(missing_operator);
  EXPECT_EQ(missing_operator.error().position, 14U);
  EXPECT_EQ(missing_operator.error().what, "found 'x', expected one of = == != > < in notin, ',' or the end");

  const auto cut = Selector::parse("a in (x");
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().position, 7U);
  EXPECT_EQ(cut.error().what, "found the end, expected ',' or ')'");

  const auto bad_value = Selector::parse("a=b,c=_");
  ASSERT_FALSE(bad_value);
  EXPECT_EQ(bad_value.error().position, 4U);
}

TEST(SelectorGrammar, requirements_hold_their_parts) {
  EXPECT_EQ(only("x==a"), (Requirement{"x", Operator::kEquals, {"a"}}));
  EXPECT_EQ(only("x= "), (Requirement{"x", Operator::kEquals, {""}}));
  EXPECT_EQ(only("\rx"), (Requirement{"x", Operator::kExists, {}}));
  EXPECT_EQ(only("!x"), (Requirement{"x", Operator::kDoesNotExist, {}}));
  EXPECT_EQ(only("x in ()"), (Requirement{"x", Operator::kIn, {""}}));
  EXPECT_EQ(only("a in (x,y,notin, z,in)").values, (Strings{"in", "notin", "x", "y", "z"}));
  EXPECT_EQ(only("x>9223372036854775807").values, Strings{"9223372036854775807"});
}

TEST(SelectorGrammar, keys_and_values_have_kubernetes_limits) {
  const std::string n63(63, 'a');
  const std::string n64(64, 'a');
  const std::string p253 =
      std::string(61, 'p') + "." + std::string(63, 'p') + "." + std::string(63, 'p') + "." + std::string(63, 'p');
  ASSERT_EQ(p253.size(), 253U);
  EXPECT_EQ(check_label_key(n63), "");
  EXPECT_NE(check_label_key(n64), "");
  EXPECT_EQ(check_label_key(p253 + "/" + n63), "");
  EXPECT_NE(check_label_key("p" + p253 + "/x"), "");
  EXPECT_EQ(check_label_key("A_b-c.D1"), "");
  for (const char* bad : {"", "/a", "a/", "a/b/c", ".a", "a.", "a b", "UP.com/a", "a..b/c", "-a/b", "a_b/c"}) {
    EXPECT_NE(check_label_key(bad), "") << bad;
  }
  EXPECT_EQ(check_label_value(""), "");
  EXPECT_EQ(check_label_value(n63), "");
  EXPECT_EQ(check_label_value("v1.2_3-x"), "");
  for (const std::string& bad : {n64, std::string("-a"), std::string("a-"), std::string("a/b"), std::string(" ")}) {
    EXPECT_NE(check_label_value(bad), "") << bad;
  }
}

}  // namespace
}  // namespace ringway::discovery
