#include <gmock/gmock.h>

#include "tests/discovery/sliced_world.h"

/// `internalTrafficPolicy: Local`: what kube-proxy's CategorizeEndpoints makes of it, and what is ours beside it.
namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kHere = "127.0.0.1:8080";

class ReconcilerLocal : public SlicedWorld {
 protected:
  ReconcilerLocal() {
    service_.internal_local = true;
    service_.selector.reset();
  }

  static void terminate(config::SliceEndpoint& endpoint, bool serving = true) {
    endpoint.ready = false;
    endpoint.serving = serving;
    endpoint.terminating = true;
  }
};

TEST_F(ReconcilerLocal, OnlyTheEndpointsOfThisNodeArePicked) {
  add("127.0.0.1", "node-a");
  add("127.0.0.2", "node-b");
  add("127.0.0.3", "");
  run();
  EXPECT_EQ(picked(), kHere);
  EXPECT_THAT(port("shop/web:http")->reserves, IsEmpty()) << "not even for retries";
  EXPECT_THAT(views(), ElementsAre("127.0.0.1:8080 ready usable",
                                   "127.0.0.2:8080 ready (on node node-b, and internalTrafficPolicy is Local)",
                                   "127.0.0.3:8080 ready (on no known node, and internalTrafficPolicy is Local)"));
  service_.internal_local = false;
  run();
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080 127.0.0.3:8080");
}

TEST_F(ReconcilerLocal, WhereNoneIsHereNobodyIsPicked) {
  add("127.0.0.2", "node-b");
  run();
  EXPECT_EQ(picked(), "");
}

TEST_F(ReconcilerLocal, OneThatTerminatesHereGoesBeforeReadyOnesElsewhere) {
  terminate(add("127.0.0.1", "node-a"));
  add("127.0.0.2", "node-b");
  run();
  EXPECT_EQ(picked(), kHere);
}

TEST_F(ReconcilerLocal, OneThatTerminatesHereGoesAfterAReadyOneHere) {
  terminate(add("127.0.0.9", "node-a"));
  add("127.0.0.1", "node-a");
  run();
  EXPECT_EQ(picked(), kHere);
}

TEST_F(ReconcilerLocal, OneThatTerminatesElsewhereOrServesNoMoreStepsNotIn) {
  terminate(add("127.0.0.1", "node-a"), false);
  terminate(add("127.0.0.2", "node-b"));
  run();
  EXPECT_EQ(picked(), "");
}

TEST_F(ReconcilerLocal, HintsForOthersDoNotCount) {
  set_hints(add("127.0.0.1", "node-a").place, {}, {"node-b"});
  set_hints(add("127.0.0.2", "node-a").place, {}, {"node-a"});
  run();
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080");
  EXPECT_THAT(port("shop/web:http")->reserves, IsEmpty());
}

TEST_F(ReconcilerLocal, FewHealthyOnesHereDoNotSendSessionsElsewhere) {
  service_.policy.health_check.emplace();
  add("127.0.0.1", "node-a");
  add("127.0.0.2", "node-a");
  add("127.0.0.3", "node-b");
  run();
  EXPECT_THAT(health_.watching(), ElementsAre(kHere, "127.0.0.2:8080")) << "others are not even checked";
  health_.say(kHere, true);
  health_.say("127.0.0.2:8080", false);
  build();
  EXPECT_EQ(picked(), kHere);
  EXPECT_EQ(reconciler_.services()[0].ports[0].reach, Reach::kSameNode);
  health_.say(kHere, false);
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080") << "panic stays here, too";
}

TEST_F(ReconcilerLocal, WhatTheMachinesOwnEngineRunsIsHere) {
  service_ = web_service();
  service_.internal_local = true;
  Workload own = web_workload("own", "127.0.0.1");
  own.of_this_machine = true;
  put(own);
  put(web_workload("unknown", "127.0.0.2"));
  run();
  EXPECT_EQ(picked(), kHere);
  EXPECT_EQ(reconciler_.services()[0].ports[0].endpoints[0].node, "node-a");
}

}  // namespace
}  // namespace ringway::discovery
