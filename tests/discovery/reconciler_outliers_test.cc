#include <gmock/gmock.h>

#include "tests/discovery/world.h"

namespace ringway::discovery {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class ReconcilerOutliers : public World {
 protected:
  void SetUp() override {
    for (int i = 1; i <= 6; ++i) {
      put(web_workload("pod" + std::to_string(i), "127.0.0." + std::to_string(i)));
    }
    service_.policy.balancer = config::Balancer::kRoundRobin;
    configure();
  }
  void configure() {
    reconciler_.configure(configuration_of({service_}));
    build();
    for (int i = 1; i <= 6; ++i) {
      if (const auto one = state(address(i))) {
        states_[i] = one;
      }
    }
  }
  static std::string address(int number) { return "127.0.0." + std::to_string(number) + ":8080"; }

  /// As the data plane does.
  void fail_connects(int number, std::uint32_t count) {
    states_[number]->connect_failures[0] += count;
    states_[number]->connect_failures_in_row += count;
    states_[number]->port->stats->failures_seen = true;
  }
  void sessions(int number, std::uint32_t good, std::uint32_t reset) {
    states_[number]->connections += good + reset;
    states_[number]->early_resets += reset;
    states_[number]->early_resets_in_row = good > 0 ? 0 : reset;
    states_[number]->port->stats->failures_seen = states_[number]->port->stats->failures_seen || reset > 0;
  }
  void look() {
    reconciler_.review_sessions();
    build();
  }
  void turn(proxy::Duration by) {
    clock_.turn(by);
    expire();
    build();
  }
  [[nodiscard]] bool is_picked(int number) const {
    return (" " + picked() + " ").contains(" " + address(number) + " ");
  }
  /// How long it stays out from now on, in whole seconds.
  int seconds_out(int number) {
    int count = 0;
    for (; !is_picked(number) && count < 1000; ++count) {
      turn(seconds(1));
    }
    return count;
  }

  config::Service service_ = web_service();
  std::map<int, std::shared_ptr<proxy::EndpointState>> states_;
};

TEST_F(ReconcilerOutliers, FiveFailedConnectsInARowEjectForTenSeconds) {
  fail_connects(2, 4);
  look();
  EXPECT_TRUE(is_picked(2)) << "four are not enough";
  fail_connects(2, 1);
  look();
  EXPECT_FALSE(is_picked(2));
  EXPECT_EQ(views()[1], "127.0.0.2:8080 ejected (ejected for 10 s more: 5 connects in a row failed)");
  EXPECT_THAT(heard_.lines, ElementsAre("service shop/web:http: endpoint 127.0.0.2:8080 (shop/pod2) ejected for 10 s: "
                                        "5 connects in a row failed"));
  EXPECT_EQ(reconciler_.services()[0].ports[0].endpoints[1].ejections[0], 1);
  EXPECT_EQ(seconds_out(2), 10);
}

TEST_F(ReconcilerOutliers, SessionsResetBeforeAByteEject) {
  sessions(3, 0, 5);
  look();
  EXPECT_FALSE(is_picked(3));
  EXPECT_EQ(reconciler_.services()[0].ports[0].endpoints[2].ejections[1], 1);
}

TEST_F(ReconcilerOutliers, EachEjectionIsTwiceAsLongUpToFiveMinutesAndQuietTimeShortensIt) {
  std::vector<int> lasted;
  for (int i = 0; i < 7; ++i) {
    fail_connects(2, 5);
    look();
    lasted.push_back(seconds_out(2));
  }
  EXPECT_THAT(lasted, ElementsAre(10, 20, 40, 80, 160, 300, 300));
  turn(seconds(60));
  fail_connects(2, 5);
  look();
  EXPECT_EQ(seconds_out(2), 20) << "seven ejections, less six quiet intervals";
}

TEST_F(ReconcilerOutliers, WhoHasTriedAllOthersMayTryTheEjected) {
  EXPECT_THAT(port("shop/web:http")->reserves, IsEmpty());
  fail_connects(2, 5);
  look();
  EXPECT_FALSE(is_picked(2));
  ASSERT_EQ(port("shop/web:http")->reserves.size(), 1);
  EXPECT_THAT(port("shop/web:http")->reserves[0], ElementsAre(states_[2]));
  EXPECT_FALSE(reconciler_.services()[0].ports[0].endpoints[1].usable);
}

TEST_F(ReconcilerOutliers, AtMostHalfAreEjected) {
  for (int i = 1; i <= 6; ++i) {
    fail_connects(i, 9);
  }
  look();
  EXPECT_EQ(picked(), "127.0.0.4:8080 127.0.0.5:8080 127.0.0.6:8080");
}

TEST_F(ReconcilerOutliers, NeverTheLastHealthyOne) {
  service_.policy.health_check.emplace();
  service_.policy.outliers->max_ejected = 1;
  configure();
  health_.say(address(1), true);
  for (int i = 2; i <= 6; ++i) {
    health_.say(address(i), false);
  }
  build();
  fail_connects(1, 9);
  look();
  EXPECT_EQ(picked(), address(1));
  health_.say(address(2), true);
  build();
  fail_connects(1, 9);
  look();
  EXPECT_EQ(picked(), address(2));
}

TEST_F(ReconcilerOutliers, ALowSuccessRateAmongOthersEjects) {
  look();
  sessions(1, 0, 1);
  look();
  for (int i = 1; i <= 6; ++i) {
    sessions(i, i == 4 ? 60 : 100, i == 4 ? 40 : 0);
  }
  turn(seconds(9));
  look();
  EXPECT_TRUE(is_picked(4)) << "the window of ten seconds is not over";
  turn(seconds(1));
  look();
  EXPECT_FALSE(is_picked(4));
  EXPECT_EQ(views()[3],
            "127.0.0.4:8080 ejected (ejected for 10 s more: 60 % of its sessions went well, 93 % are the mean)");
  EXPECT_EQ(reconciler_.services()[0].ports[0].endpoints[3].ejections[2], 1);
}

TEST_F(ReconcilerOutliers, SuccessRatesOfTooFewConnectionsSayNothing) {
  sessions(1, 0, 1);
  look();
  for (int i = 1; i <= 6; ++i) {
    sessions(i, i == 4 ? 50 : 99, i == 4 ? 49 : 0);
  }
  turn(seconds(10));
  look();
  EXPECT_TRUE(is_picked(4));
}

TEST_F(ReconcilerOutliers, PanicCountsTheEjected) {
  service_.policy.health_check.emplace();
  configure();
  for (int i = 1; i <= 6; ++i) {
    health_.say(address(i), i <= 2);
  }
  build();
  fail_connects(1, 5);
  look();
  EXPECT_EQ(picked(), address(2));
  health_.say(address(2), false);
  build();
  EXPECT_TRUE(port("shop/web:http")->panic);
  EXPECT_TRUE(is_picked(1));
}

TEST_F(ReconcilerOutliers, WhoIsReadyAnewIsFree) {
  fail_connects(2, 5);
  look();
  EXPECT_FALSE(is_picked(2));
  Workload pod = web_workload("pod2", "127.0.0.2");
  pod.ready = false;
  put(pod);
  build();
  pod.ready = true;
  put(pod);
  build();
  EXPECT_TRUE(is_picked(2));
  fail_connects(2, 5);
  look();
  EXPECT_EQ(seconds_out(2), 10) << "a first ejection again";
}

TEST_F(ReconcilerOutliers, OffEjectsNobody) {
  fail_connects(2, 5);
  look();
  EXPECT_FALSE(is_picked(2));
  service_.policy.outliers.reset();
  configure();
  EXPECT_TRUE(is_picked(2));
  fail_connects(3, 50);
  look();
  EXPECT_TRUE(is_picked(3));
}

TEST_F(ReconcilerOutliers, NothingFailedCostsNothing) {
  heard_.wanted = 0;
  reconciler_.review_sessions();
  EXPECT_EQ(heard_.wanted, 0);
  EXPECT_THAT(heard_.lines, IsEmpty());
}

TEST_F(ReconcilerOutliers, WhatWasRefusedIsSaidOnceByReason) {
  auto& stats = *states_[1]->port->stats;
  const auto refuse = [&stats](proxy::Cause cause, std::size_t worker) {
    stats.worker(worker).ended[static_cast<std::size_t>(cause)].add();
    stats.refusals_seen = true;
  };
  refuse(proxy::Cause::kDenied, 0);
  refuse(proxy::Cause::kDenied, 1);
  refuse(proxy::Cause::kMaxConnections, 0);
  look();
  look();
  EXPECT_THAT(heard_.lines, ElementsAre("service shop/web:http: refused 3 clients: 2 denied, 1 maxConnections"));
  refuse(proxy::Cause::kDenied, 0);
  look();
  EXPECT_EQ(heard_.lines.back(), "service shop/web:http: refused 1 client: 1 denied");
}

TEST_F(ReconcilerOutliers, SlowStartGivesWhoJoinsAShareThatGrows) {
  service_.policy.slow_start = seconds(10);
  configure();
  turn(seconds(20));
  put(web_workload("new", "127.0.0.7"));
  build();
  EXPECT_THAT(port("shop/web:http")->weights, ElementsAre(1000, 1000, 1000, 1000, 1000, 1000, 100));
  turn(seconds(5));
  EXPECT_THAT(port("shop/web:http")->weights, ElementsAre(1000, 1000, 1000, 1000, 1000, 1000, 500));
  turn(seconds(5));
  EXPECT_THAT(port("shop/web:http")->weights, IsEmpty()) << "equal again";
}

TEST_F(ReconcilerOutliers, SlowStartBeginsAnewAfterAnEjection) {
  service_.policy.slow_start = seconds(10);
  configure();
  turn(seconds(20));
  fail_connects(1, 5);
  look();
  turn(seconds(10));
  EXPECT_THAT(port("shop/web:http")->weights, ElementsAre(100, 1000, 1000, 1000, 1000, 1000));
}

TEST_F(ReconcilerOutliers, SlowStartLeavesAHashAlone) {
  service_.policy.slow_start = seconds(10);
  service_.policy.balancer = config::Balancer::kSourceHash;
  configure();
  turn(seconds(20));
  put(web_workload("new", "127.0.0.7"));
  build();
  EXPECT_THAT(port("shop/web:http")->weights, IsEmpty());
}

}  // namespace
}  // namespace ringway::discovery
