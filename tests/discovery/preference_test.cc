#include "discovery/preference.h"

#include <gmock/gmock.h>

#include <deque>

#include "tests/discovery/world.h"

namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Place kHere{"node-a", "z1"};

/// Endpoints named by their last byte.
class PreferenceTest : public testing::Test {
 protected:
  Candidate& add(int name, const std::string& node, const std::string& zone, bool healthy = true) {
    Candidate& about = abouts_.emplace_back();
    about.place = config::Placement{.node = node, .zone = zone, .hint_zones = {}, .hint_nodes = {}};
    const proxy::SocketAddress address(proxy::IpAddress::v4(0x7f000000U + static_cast<std::uint32_t>(name)), 80);
    contenders_.push_back(
        {&about, std::make_shared<proxy::EndpointState>(proxy::ServiceKey{}, address, "", nullptr), healthy});
    return about;
  }
  void heal(std::size_t index, bool healthy) { contenders_[index].healthy = healthy; }

  [[nodiscard]] Preferred preferred() const { return prefer(contenders_, policy_, kHere); }
  static std::vector<int> names(const std::vector<Contender>& contenders) {
    std::vector<int> all;
    for (const Contender& one : contenders) {
      all.push_back(one.state->address.ip().bytes()[3]);
    }
    return all;
  }
  [[nodiscard]] std::vector<int> picked() const { return names(preferred().endpoints); }
  [[nodiscard]] std::vector<std::vector<int>> reserves() const {
    std::vector<std::vector<int>> all;
    for (const auto& group : preferred().reserves) {
      all.push_back(names(group));
    }
    return all;
  }

  std::deque<Candidate> abouts_;
  std::vector<Contender> contenders_;
  config::Policy policy_;
};

TEST_F(PreferenceTest, without_a_wish_all_are_alike) {
  add(1, "node-a", "z1");
  add(2, "node-b", "z2");
  EXPECT_THAT(picked(), ElementsAre(1, 2));
  EXPECT_THAT(reserves(), IsEmpty());
}

TEST_F(PreferenceTest, the_same_node_goes_before_the_same_zone_before_all) {
  policy_.prefer = config::Prefer::kSameNode;
  add(1, "node-a", "z1");
  add(2, "node-b", "z1");
  add(3, "node-c", "z2");
  EXPECT_THAT(picked(), ElementsAre(1));
  EXPECT_THAT(reserves(), ElementsAre(ElementsAre(2), ElementsAre(3)));
  EXPECT_EQ(preferred().reach, Reach::kSameNode);
  heal(0, false);
  EXPECT_THAT(picked(), ElementsAre(2, 3)) << "none is healthy on the node; in the zone 1 of 2, below 70 %";
}

TEST_F(PreferenceTest, the_same_zone_takes_all_of_its_nodes) {
  policy_.prefer = config::Prefer::kSameZone;
  add(1, "node-a", "z1");
  add(2, "node-b", "z1");
  add(3, "node-c", "z2");
  EXPECT_THAT(picked(), ElementsAre(1, 2));
  EXPECT_EQ(preferred().reach, Reach::kSameZone);
}

TEST_F(PreferenceTest, below_the_share_of_healthy_near_ones_sessions_spill_over_and_back) {
  policy_.prefer = config::Prefer::kSameZone;
  for (int name = 1; name <= 10; ++name) {
    add(name, "", "z1");
  }
  add(20, "", "z2");
  for (std::size_t index = 0; index < 3; ++index) {
    heal(index, false);
  }
  EXPECT_EQ(preferred().reach, Reach::kSameZone) << "7 of 10 is not below 70 %";
  EXPECT_EQ(picked().size(), 7U);
  heal(3, false);
  EXPECT_EQ(preferred().reach, Reach::kAnywhere);
  EXPECT_THAT(picked(), ElementsAre(5, 6, 7, 8, 9, 10, 20)) << "the near ones still take their part";
  heal(3, true);
  EXPECT_EQ(preferred().reach, Reach::kSameZone);
}

TEST_F(PreferenceTest, the_share_is_configurable) {
  policy_.prefer = config::Prefer::kSameZone;
  add(1, "", "z1");
  add(2, "", "z1", false);
  add(3, "", "z2");
  EXPECT_THAT(picked(), ElementsAre(1, 3));
  policy_.min_healthy = 0.5;
  EXPECT_THAT(picked(), ElementsAre(1));
  policy_.min_healthy = 0;
  heal(0, false);
  EXPECT_THAT(picked(), ElementsAre(3)) << "nobody who is healthy is near";
}

TEST_F(PreferenceTest, hints_mean_the_same_where_every_endpoint_has_them) {
  set_hints(add(1, "node-b", "z2").place, {"z1", "z2"});
  set_hints(add(2, "node-a", "z1").place, {"z2"});
  EXPECT_THAT(picked(), ElementsAre(1)) << "for whom it is says the hint, not where it stands";
  add(3, "node-a", "z1");
  EXPECT_THAT(picked(), ElementsAre(1, 2, 3)) << "one has no hint: all do not count";
}

TEST_F(PreferenceTest, hints_of_nodes_go_before_those_of_zones) {
  set_hints(add(1, "node-a", "z1").place, {"z1"}, {"node-a"});
  set_hints(add(2, "node-b", "z1").place, {"z1"}, {"node-b"});
  EXPECT_THAT(picked(), ElementsAre(1));
  policy_.prefer = config::Prefer::kNone;
  EXPECT_THAT(picked(), ElementsAre(1, 2)) << "the policy can say that hints do not matter";
}

TEST_F(PreferenceTest, who_has_no_place_is_near_to_nobody) {
  policy_.prefer = config::Prefer::kSameNode;
  add(1, "", "");
  EXPECT_EQ(prefer(contenders_, policy_, Place{}).reach, Reach::kAnywhere);
  EXPECT_THAT(names(prefer(contenders_, policy_, Place{}).endpoints), ElementsAre(1));
}

TEST_F(PreferenceTest, the_first_tier_with_a_healthy_endpoint_takes_all) {
  policy_.tiers.resize(2);
  add(1, "", "").tier = 0;
  add(2, "", "").tier = 1;
  add(3, "", "").tier = 2;
  add(4, "", "").tier = 0;
  EXPECT_THAT(picked(), ElementsAre(1, 4));
  EXPECT_THAT(reserves(), ElementsAre(ElementsAre(2), ElementsAre(3)));
  heal(0, false);
  EXPECT_THAT(picked(), ElementsAre(4));
  heal(3, false);
  EXPECT_THAT(picked(), ElementsAre(2));
  EXPECT_EQ(preferred().tier, 1U);
  EXPECT_THAT(reserves(), ElementsAre(ElementsAre(3))) << "who is down is no reserve";
  heal(1, false);
  EXPECT_THAT(picked(), ElementsAre(3));
  heal(2, false);
  EXPECT_THAT(picked(), ElementsAre(1, 4)) << "nothing is known of anybody: as if all were well";
}

TEST_F(PreferenceTest, nearness_counts_within_a_tier) {
  policy_.tiers.resize(1);
  policy_.prefer = config::Prefer::kSameZone;
  add(1, "", "z2").tier = 0;
  add(2, "", "z1").tier = 1;
  add(3, "", "z2").tier = 1;
  EXPECT_THAT(picked(), ElementsAre(1));
  EXPECT_THAT(reserves(), ElementsAre(ElementsAre(2), ElementsAre(3)));
  heal(0, false);
  EXPECT_THAT(picked(), ElementsAre(2));
}

}  // namespace
}  // namespace ringway::discovery
