#include <gmock/gmock.h>

#include "tests/discovery/world.h"

/// Weights, tiers and places, from what a person or a source says to what the data plane runs.
namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kOne = "127.0.0.1:8080";
constexpr const char* kTwo = "127.0.0.2:8080";
constexpr const char* kBoth = "127.0.0.1:8080 127.0.0.2:8080";

class ReconcilerBalance : public World {
 protected:
  Workload labelled(const std::string& name, const std::string& address, const std::string& key,
                    const std::string& value) {
    Workload workload = web_workload(name, address);
    workload.labels[key] = value;
    return workload;
  }
  void run(config::Service service, const std::string& node = "", const std::string& zone = "") {
    auto configuration = configuration_of({std::move(service)});
    configuration->ringway.node = node;
    configuration->ringway.zone = zone;
    reconciler_.configure(configuration);
    build();
  }
  [[nodiscard]] std::vector<std::uint16_t> weights() const { return port("shop/web:http")->weights; }
  [[nodiscard]] std::size_t reserves() const { return port("shop/web:http")->reserves.size(); }
};

TEST_F(ReconcilerBalance, AWeightIsTheRulesElseTheAnnotationsElseTheLabelsElseAHundred) {
  put(labelled("one", "127.0.0.1", "ringway.io/weight", "20"));
  put(web_workload("two", "127.0.0.2"));
  Workload three = labelled("three", "127.0.0.3", "ringway.io/weight", "20");
  three.weight = 30;
  put(three);
  put(labelled("four", "127.0.0.4", "release", "canary"));
  put(labelled("five", "127.0.0.5", "ringway.io/weight", "much"));
  config::Service service = web_service();
  service.policy.weights = {{selector("release=canary"), 5}, {selector("release"), 7}};
  run(service);
  EXPECT_THAT(weights(), ElementsAre(20, 100, 30, 5, 100));
}

TEST_F(ReconcilerBalance, EqualWeightsAreNone) {
  put(labelled("one", "127.0.0.1", "ringway.io/weight", "7"));
  put(labelled("two", "127.0.0.2", "ringway.io/weight", "7"));
  run(web_service());
  EXPECT_THAT(weights(), IsEmpty());
}

TEST_F(ReconcilerBalance, AChangedWeightKeepsTheEndpointAndItsCounts) {
  put(web_workload("one", "127.0.0.1"));
  put(web_workload("two", "127.0.0.2"));
  run(web_service());
  const auto before = state(kOne);
  before->connections = 5;
  put(labelled("one", "127.0.0.1", "ringway.io/weight", "10"));
  EXPECT_TRUE(build());
  EXPECT_THAT(weights(), ElementsAre(10, 100));
  EXPECT_EQ(state(kOne), before);
  config::Service service = web_service();
  service.policy.weights = {{selector("app=web"), 1}};
  run(service);
  EXPECT_THAT(weights(), IsEmpty());
  EXPECT_EQ(state(kOne), before);
}

TEST_F(ReconcilerBalance, WeightZeroTakesNoNewSessionsAlsoWhereThatLeavesNobody) {
  put(labelled("one", "127.0.0.1", "ringway.io/weight", "0"));
  put(web_workload("two", "127.0.0.2"));
  run(web_service());
  EXPECT_EQ(picked(), kTwo);
  EXPECT_THAT(weights(), IsEmpty());
  EXPECT_EQ(views()[0], "127.0.0.1:8080 ready (weight 0: takes no new sessions)");
  remove("two");
  build();
  EXPECT_EQ(picked(), "");
  EXPECT_THAT(heard_.closed, IsEmpty()) << "what it has goes on";
}

TEST_F(ReconcilerBalance, TheNextTierStepsInWhenNobodyOfTheFirstIsHealthyAndStepsBack) {
  put(labelled("one", "127.0.0.1", "site", "here"));
  put(labelled("two", "127.0.0.2", "site", "there"));
  config::Service service = checked_web_service();
  service.policy.tiers = {selector("site=here")};
  run(service);
  EXPECT_EQ(picked(), kOne) << "also before anything is known";
  health_.say(kOne, true);
  health_.say(kTwo, true);
  build();
  EXPECT_EQ(picked(), kOne);
  EXPECT_EQ(reserves(), 1U);
  EXPECT_THAT(views()[1], HasSubstr("ready (in reserve"));
  health_.say(kOne, false);
  build();
  EXPECT_EQ(picked(), kTwo);
  EXPECT_EQ(reconciler_.services()[0].ports[0].tier, 1U);
  EXPECT_THAT(heard_.lines, ElementsAre("service shop/web:http: tier 2 of 2 takes new sessions now"));
  health_.say(kOne, true);
  build();
  EXPECT_EQ(picked(), kOne);
  EXPECT_EQ(heard_.lines.size(), 2U);
}

TEST_F(ReconcilerBalance, InPanicEveryTierIsAsked) {
  put(labelled("one", "127.0.0.1", "site", "here"));
  put(labelled("two", "127.0.0.2", "site", "there"));
  config::Service service = checked_web_service();
  service.policy.tiers = {selector("site=here")};
  run(service);
  health_.say(kOne, false);
  health_.say(kTwo, false);
  build();
  EXPECT_EQ(picked(), kBoth);
  EXPECT_TRUE(port("shop/web:http")->panic);
}

TEST_F(ReconcilerBalance, AReserveThatLeavesIsKeptUntilNoWorkerKnowsIt) {
  put(labelled("one", "127.0.0.1", "site", "here"));
  put(labelled("two", "127.0.0.2", "site", "there"));
  config::Service service = web_service();
  service.policy.tiers = {selector("site=here")};
  run(service);
  ASSERT_EQ(reserves(), 1U);
  remove("two");
  const auto before = snapshot_->version;
  snapshot_ = reconciler_.build();
  reconciler_.expire(before);
  EXPECT_THAT(views(), ElementsAre(HasSubstr(kOne), HasSubstr("127.0.0.2:8080 draining")));
  expire();
  EXPECT_THAT(views(), ElementsAre(HasSubstr(kOne)));
}

TEST_F(ReconcilerBalance, SessionsStayNearAndSpillOver) {
  Workload near = web_workload("one", "127.0.0.1");
  near.node = "node-a";
  Workload far = web_workload("two", "127.0.0.2");
  far.node = "node-b";
  put(near);
  put(far);
  config::Service service = checked_web_service();
  service.policy.prefer = config::Prefer::kSameNode;
  run(service, "node-a");
  health_.say(kOne, true);
  health_.say(kTwo, true);
  build();
  EXPECT_EQ(picked(), kOne);
  health_.say(kOne, false);
  build();
  EXPECT_EQ(picked(), kTwo);
  EXPECT_EQ(reconciler_.services()[0].ports[0].reach, Reach::kAnywhere);
  EXPECT_EQ(reconciler_.services()[0].ports[0].wanted, Reach::kSameNode);
  health_.say(kOne, true);
  build();
  EXPECT_THAT(heard_.lines,
              ElementsAre("service shop/web:http: too few near endpoints are healthy, sessions go anywhere",
                          "service shop/web:http: enough near endpoints are healthy again, sessions stay sameNode"));
}

TEST_F(ReconcilerBalance, TheZoneIsThatOfTheNodesDocumentWhereNothingElseSaysIt) {
  Workload near = web_workload("one", "127.0.0.1");
  near.zone = "z1";
  put(near);
  put(web_workload("two", "127.0.0.2"));
  config::Service service = web_service();
  service.policy.prefer = config::Prefer::kSameZone;
  auto configuration = configuration_of({service});
  configuration->ringway.node = "node-a";
  configuration->nodes.resize(1);
  configuration->nodes[0].metadata.name = "node-a";
  configuration->nodes[0].metadata.labels = {{"topology.kubernetes.io/zone", "z1"}};
  reconciler_.configure(configuration);
  build();
  EXPECT_EQ(picked(), kOne);
}

TEST_F(ReconcilerBalance, TheZoneThatASourceTellsCountsWhereTheConfigurationSaysNone) {
  Workload near = web_workload("one", "127.0.0.1");
  near.zone = "z1";
  Workload far = web_workload("two", "127.0.0.2");
  far.zone = "z2";
  put(near);
  put(far);
  config::Service service = web_service();
  service.policy.prefer = config::Prefer::kSameZone;
  run(service, "node-a");
  EXPECT_EQ(picked(), kBoth);
  reconciler_.set_zone("z1");
  EXPECT_TRUE(build());
  EXPECT_EQ(picked(), kOne);
  run(service, "node-a");
  EXPECT_EQ(picked(), kOne) << "a reload does not forget it";
  run(service, "node-a", "z2");
  EXPECT_EQ(picked(), kTwo) << "what a person wrote goes first";
}

TEST_F(ReconcilerBalance, SlicesHaveWeightsTiersAndHints) {
  config::Service service = web_service();
  service.selector.reset();
  service.policy.weights = {{selector("release=canary"), 5}};
  service.policy.tiers = {selector("site=here")};
  auto configuration = configuration_of({service});
  configuration->ringway.zone = "z1";
  const auto slice = [&](const std::string& address, Labels labels) -> config::EndpointSlice& {
    config::EndpointSlice& made = configuration->slices.emplace_back();
    made.metadata.ns = "shop";
    made.metadata.name = "web-" + address;
    made.metadata.labels = std::move(labels);
    made.service = "web";
    made.ports = {{"http", 8080, config::Protocol::kTcp}};
    made.endpoints.emplace_back().address = proxy::IpAddress::parse(address).value();
    return made;
  };
  slice("127.0.0.1", {{"site", "here"}, {"release", "canary"}});
  slice("127.0.0.2", {{"site", "here"}}).weight = 50;
  slice("127.0.0.3", {});
  reconciler_.configure(configuration);
  build();
  EXPECT_EQ(picked(), kBoth);
  EXPECT_THAT(weights(), ElementsAre(5, 50));
  for (auto& one : configuration->slices) {
    set_hints(one.endpoints[0].place, {one.metadata.name == "web-127.0.0.1" ? "z1" : "z2"});
  }
  reconciler_.configure(configuration);
  build();
  EXPECT_EQ(picked(), kOne);
}

}  // namespace
}  // namespace ringway::discovery
