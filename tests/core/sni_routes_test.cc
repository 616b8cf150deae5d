#include "proxy/core/sni_routes.h"

#include <gtest/gtest.h>

namespace ringway::proxy {
namespace {

TEST(ServerNamesTest, exact_beats_wildcard_and_a_longer_wildcard_a_shorter) {
  ServerNames names;
  names.add("*.example", 1);
  names.add("*.shop.example", 2);
  names.add("api.shop.example", 3);
  EXPECT_EQ(names.find("api.shop.example"), 3U);
  EXPECT_EQ(names.find("web.shop.example"), 2U);
  EXPECT_EQ(names.find("v1.api.shop.example"), 2U) << "several labels";
  EXPECT_EQ(names.find("shop.example"), 1U) << "a wildcard is not its own suffix";
  EXPECT_EQ(names.find("other.example"), 1U);
  EXPECT_EQ(names.find("example"), std::nullopt);
  EXPECT_EQ(names.find("example.org"), std::nullopt);
}

TEST(ServerNamesTest, a_wildcard_begins_at_a_whole_label) {
  ServerNames names;
  names.add("*.shop.example", 1);
  EXPECT_EQ(names.find("myshop.example"), std::nullopt);
  EXPECT_EQ(names.find(".shop.example"), std::nullopt) << "a label has a byte at least";
  EXPECT_EQ(names.find("*.shop.example"), 1U) << "no client's name, and harmless";
  EXPECT_EQ(names.find(""), std::nullopt);
}

}  // namespace
}  // namespace ringway::proxy
