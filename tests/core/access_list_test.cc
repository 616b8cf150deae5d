#include "proxy/core/access_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace ringway::proxy {
namespace {

std::vector<AccessRule> rules(const std::vector<std::string>& allow, const std::vector<std::string>& deny) {
  std::vector<AccessRule> made;
  for (const auto& text : allow) {
    made.push_back(parse_access_rule(text, true).value());
  }
  for (const auto& text : deny) {
    made.push_back(parse_access_rule(text, false).value());
  }
  return made;
}

bool allows(const AccessList& list, const std::string& client) {
  return list.allows(IpAddress::parse(client).value());
}

TEST(AccessListTest, the_longest_prefix_decides) {
  const AccessList list(rules({"10.0.0.0/8", "10.1.2.0/24"}, {"10.1.0.0/16", "10.1.2.3"}), false);
  for (const auto* client : {"10.0.0.0", "10.0.255.255", "10.2.0.0", "10.255.255.255", "10.1.2.0", "10.1.2.4"}) {
    EXPECT_TRUE(allows(list, client)) << client;
  }
  for (const auto* client : {"9.255.255.255", "11.0.0.0", "10.1.0.0", "10.1.1.255", "10.1.3.0", "10.1.2.3", "::1"}) {
    EXPECT_FALSE(allows(list, client)) << client;
  }
}

TEST(AccessListTest, families_do_not_touch_each_other) {
  const AccessList list(rules({}, {"::/0", "255.255.255.255"}), true);
  EXPECT_FALSE(allows(list, "::"));
  EXPECT_FALSE(allows(list, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
  EXPECT_TRUE(allows(list, "0.0.0.0"));
  EXPECT_TRUE(allows(list, "255.255.255.254"));
  EXPECT_FALSE(allows(list, "255.255.255.255"));
}

TEST(AccessListTest, without_rules_one_answer_holds_for_all) {
  EXPECT_TRUE(allows(AccessList({}, true), "1.2.3.4"));
  EXPECT_FALSE(allows(AccessList({}, false), "fd00::1"));
}

TEST(AccessListTest, a_text_that_is_no_network_is_refused) {
  for (const auto* text : {"", "/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/a", "10.0.0.0/-1", "fd00::/129", "host"}) {
    EXPECT_FALSE(parse_access_rule(text, true)) << text;
  }
}

bool holds(const AccessRule& rule, const IpAddress& client) {
  for (std::size_t bit = 0; bit < rule.bits; ++bit) {
    const unsigned shift = 7 - bit % 8;
    if (((rule.network.bytes()[bit / 8] ^ client.bytes()[bit / 8]) >> shift & 1U) != 0) {
      return false;
    }
  }
  return rule.network.is_v6() == client.is_v6();
}

/// Each rule in turn, of equal ones the later.
bool one_by_one(const std::vector<AccessRule>& rules, bool otherwise, const IpAddress& client) {
  const AccessRule* best = nullptr;
  for (const auto& rule : rules) {
    if (holds(rule, client) && (best == nullptr || rule.bits >= best->bits)) {
      best = &rule;
    }
  }
  return best == nullptr ? otherwise : best->allow;
}

TEST(AccessListTest, means_what_its_rules_mean_one_by_one) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  // Few different bits, so that networks lie one in another.
  const auto address = [&random] { return IpAddress::v4((random() & 0xc0000003U) | (random() % 2 << 16)); };
  for (int round = 0; round < 300; ++round) {
    std::vector<AccessRule> made(random() % 12);
    for (auto& rule : made) {
      rule = {address(), static_cast<std::uint8_t>(random() % 33), random() % 2 == 0};
    }
    const bool otherwise = random() % 2 == 0;
    const AccessList list(made, otherwise);
    for (int look = 0; look < 50; ++look) {
      const IpAddress client = address();
      ASSERT_EQ(list.allows(client), one_by_one(made, otherwise, client)) << client.to_string();
    }
  }
}

}  // namespace
}  // namespace ringway::proxy
