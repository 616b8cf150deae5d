#include <gmock/gmock.h>

#include "tests/discovery/world.h"

namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class ReconcilerHealth : public World {
 protected:
  void SetUp() override {
    put(web_workload("one", "127.0.0.1"));
    put(web_workload("two", "127.0.0.2"));
    reconciler_.configure(configuration_of({checked_web_service()}));
    build();
  }
};

constexpr const char* kOne = "127.0.0.1:8080";
constexpr const char* kTwo = "127.0.0.2:8080";

TEST_F(ReconcilerHealth, StartsWithAllAndWithoutPanicWhileNothingIsKnown) {
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080");
  EXPECT_FALSE(port("shop/web:http")->panic);
  EXPECT_THAT(heard_.lines, IsEmpty());
  EXPECT_THAT(views(), ElementsAre("127.0.0.1:8080 unknown (no health check has ended yet) usable",
                                   "127.0.0.2:8080 unknown (no health check has ended yet) usable"));
}

TEST_F(ReconcilerHealth, UnknownOneWaitsOnceAnotherIsUp) {
  heard_.wanted = 0;
  health_.say(kOne, true);
  EXPECT_EQ(heard_.wanted, 1);
  build();
  EXPECT_EQ(picked(), kOne);
  health_.say(kTwo, true);
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080");
}

TEST_F(ReconcilerHealth, DownOneLeavesAndComesBack) {
  health_.say(kOne, true);
  health_.say(kTwo, true);
  build();
  health_.say(kTwo, false, "HTTP 503, wanted 200-399");
  build();
  EXPECT_EQ(picked(), kOne);
  EXPECT_EQ(views()[1], "127.0.0.2:8080 down (HTTP 503, wanted 200-399)");
  health_.say(kTwo, true);
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080");
  EXPECT_THAT(heard_.closed, IsEmpty());
  EXPECT_THAT(heard_.lines, IsEmpty());
}

TEST_F(ReconcilerHealth, WordsAloneWantNoSnapshot) {
  health_.say(kOne, true, "HTTP 200");
  build();
  heard_.wanted = 0;
  health_.say(kOne, true, "HTTP 204");
  EXPECT_EQ(heard_.wanted, 0);
  EXPECT_FALSE(build());
}

TEST_F(ReconcilerHealth, FailsOpenToTheReadyOnesWhenAllAreDownAndSaysSoOnce) {
  health_.say(kOne, true);
  build();
  health_.say(kOne, false);
  health_.say(kTwo, false);
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080");
  EXPECT_TRUE(port("shop/web:http")->panic);
  Workload third = web_workload("three", "127.0.0.3");
  third.ready = false;
  put(third);
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080") << "never to one that is not ready";
  health_.say(kTwo, true);
  build();
  EXPECT_EQ(picked(), kTwo);
  EXPECT_FALSE(port("shop/web:http")->panic);
  EXPECT_THAT(heard_.lines, ElementsAre("service shop/web:http: no healthy endpoint of 2, sending to all ready ones",
                                        "service shop/web:http: 1 of 2 endpoints healthy again"));
}

TEST_F(ReconcilerHealth, PanicEndsWhenNoneIsReady) {
  health_.say(kOne, false);
  health_.say(kTwo, false);
  build();
  for (const auto& [name, address] : {std::pair("one", "127.0.0.1"), std::pair("two", "127.0.0.2")}) {
    Workload workload = web_workload(name, address);
    workload.ready = false;
    put(workload);
  }
  build();
  EXPECT_EQ(picked(), "");
  EXPECT_FALSE(port("shop/web:http")->panic);
  EXPECT_EQ(heard_.lines.back(), "service shop/web:http: no ready endpoint left");
}

TEST_F(ReconcilerHealth, ChecksReadyEndpointsOnly) {
  EXPECT_THAT(health_.watching(), ElementsAre(kOne, kTwo));
  Workload paused = web_workload("one", "127.0.0.1");
  paused.ready = false;
  put(paused);
  Workload leaving = web_workload("two", "127.0.0.2");
  leaving.terminating = true;
  put(leaving);
  build();
  EXPECT_THAT(health_.watching(), IsEmpty());
  put(web_workload("one", "127.0.0.1"));
  build();
  EXPECT_THAT(health_.watching(), ElementsAre(kOne));
}

TEST_F(ReconcilerHealth, ServicesWithoutACheckAreNotChecked) {
  reconciler_.configure(configuration_of({web_service()}));
  build();
  EXPECT_THAT(health_.watching(), IsEmpty());
  EXPECT_THAT(views(), ElementsAre("127.0.0.1:8080 ready usable", "127.0.0.2:8080 ready usable"));
}

TEST_F(ReconcilerHealth, HealthSurvivesAReloadThatChangesTheCheck) {
  health_.say(kOne, true);
  health_.say(kTwo, false);
  build();
  config::Service service = checked_web_service();
  service.policy.health_check->interval = config::milliseconds(5000);
  reconciler_.configure(configuration_of({service}));
  build();
  EXPECT_EQ(health_.watched, 4U);
  EXPECT_EQ(picked(), kOne) << "what the old checks know holds until the new ones know";
  health_.say(kTwo, true);
  build();
  EXPECT_THAT(health_.watching().size(), 3U) << "the old check of the second has ended";
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080");
}

TEST_F(ReconcilerHealth, HealthSurvivesAReloadThatRelabelsServiceAndWorkloads) {
  health_.say(kOne, true);
  health_.say(kTwo, false);
  build();
  config::Service service = checked_web_service();
  service.selector = selector("app=shop");
  reconciler_.configure(configuration_of({service}));
  for (const auto& [name, address] : {std::pair("one", "127.0.0.1"), std::pair("two", "127.0.0.2")}) {
    Workload workload = web_workload(name, address);
    workload.labels = {{"app", "shop"}};
    put(workload);
  }
  build();
  EXPECT_EQ(picked(), kOne);
  EXPECT_EQ(health_.watched, 2U);
}

TEST_F(ReconcilerHealth, OnDownClosesSessionsOnlyWhereThePolicySaysSo) {
  config::Service service = checked_web_service();
  service.policy.on_down = config::OnDown::kCloseSessions;
  reconciler_.configure(configuration_of({service}));
  build();
  health_.say(kOne, true);
  EXPECT_THAT(heard_.closed, IsEmpty());
  health_.say(kOne, false);
  health_.say(kOne, false, "other words");
  EXPECT_THAT(heard_.closed, ElementsAre(Pair(kOne, proxy::Cause::kEndpointDown)));
}

TEST_F(ReconcilerHealth, DrainedByHandGetsNoSessionNotEvenInPanic) {
  health_.say(kOne, false);
  health_.say(kTwo, false);
  EXPECT_EQ(set_drained(kOne, true), 1U);
  build();
  EXPECT_EQ(picked(), kTwo);
  EXPECT_EQ(set_drained(kTwo, true), 1U);
  build();
  EXPECT_EQ(picked(), "");
  EXPECT_EQ(views()[0], "127.0.0.1:8080 drained (drained by hand)");
}

}  // namespace
}  // namespace ringway::discovery
