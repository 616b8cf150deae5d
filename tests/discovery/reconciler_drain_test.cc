#include <gmock/gmock.h>

#include "tests/discovery/world.h"

namespace ringway::discovery {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class ReconcilerDrain : public World {
 protected:
  void SetUp() override {
    service_.policy.drain_timeout = seconds(30);
    put(web_workload("one", "127.0.0.1"));
    put(web_workload("two", "127.0.0.2"));
    reconciler_.configure(configuration_of({service_}));
    build();
    one_ = state("127.0.0.1:8080");
    one_->active = 1;
  }

  config::Service service_ = web_service();
  std::shared_ptr<proxy::EndpointState> one_;
  const std::pair<std::string, proxy::Cause> closed_{"127.0.0.1:8080", proxy::Cause::kDrained};
};

TEST_F(ReconcilerDrain, OneThatIsGoneKeepsItsSessionsUntilTheLimit) {
  remove("one");
  build();
  EXPECT_EQ(picked(), "127.0.0.2:8080");
  EXPECT_THAT(views(),
              ElementsAre("127.0.0.1:8080 draining (gone, or not selected any more)", "127.0.0.2:8080 ready usable"));
  clock_.turn(seconds(29));
  EXPECT_LE(expire(), clock_.now() + seconds(1));
  EXPECT_THAT(heard_.closed, IsEmpty());
  clock_.turn(seconds(1));
  expire();
  EXPECT_THAT(heard_.closed, ElementsAre(closed_));
  clock_.turn(seconds(30));
  expire();
  EXPECT_THAT(heard_.closed, ElementsAre(closed_)) << "once";
  one_->active = 0;
  EXPECT_EQ(expire(), proxy::Time::max());
  EXPECT_THAT(views(), ElementsAre("127.0.0.2:8080 ready usable"));
}

TEST_F(ReconcilerDrain, RelabelledAndMovedOnesDrain) {
  Workload relabelled = web_workload("one", "127.0.0.1");
  relabelled.labels = {{"app", "other"}};
  put(relabelled);
  put(web_workload("two", "127.0.0.22"));
  state("127.0.0.2:8080")->active = 1;
  build();
  EXPECT_EQ(picked(), "127.0.0.22:8080");
  clock_.turn(seconds(30));
  expire();
  EXPECT_THAT(heard_.closed, ElementsAre(closed_, Pair("127.0.0.2:8080", proxy::Cause::kDrained)));
}

TEST_F(ReconcilerDrain, TerminatingOnesDrainFromThen) {
  Workload leaving = web_workload("one", "127.0.0.1");
  leaving.terminating = true;
  put(leaving);
  build();
  EXPECT_EQ(picked(), "127.0.0.2:8080");
  EXPECT_EQ(views()[0], "127.0.0.1:8080 draining (terminating)");
  clock_.turn(seconds(20));
  remove("one");
  build();
  clock_.turn(seconds(10));
  expire();
  EXPECT_THAT(heard_.closed, ElementsAre(closed_)) << "its end does not start the clock again";
}

TEST_F(ReconcilerDrain, NotReadyOnesKeepTheirSessions) {
  Workload paused = web_workload("one", "127.0.0.1");
  paused.ready = false;
  put(paused);
  build();
  clock_.turn(std::chrono::hours(9));
  EXPECT_EQ(expire(), proxy::Time::max());
  EXPECT_THAT(heard_.closed, IsEmpty());
}

TEST_F(ReconcilerDrain, OneThatComesBackIsTheSameAndItsDrainIsForgotten) {
  remove("one");
  build();
  clock_.turn(seconds(29));
  put(web_workload("one", "127.0.0.1"));
  build();
  EXPECT_EQ(state("127.0.0.1:8080"), one_);
  clock_.turn(seconds(60));
  EXPECT_EQ(expire(), proxy::Time::max());
  EXPECT_THAT(heard_.closed, IsEmpty());
}

TEST_F(ReconcilerDrain, AnotherWorkloadAtTheSameAddressIsAnotherEndpoint) {
  remove("one");
  put(web_workload("heir", "127.0.0.1"));
  build();
  ASSERT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080");
  EXPECT_NE(state("127.0.0.1:8080"), one_);
  EXPECT_EQ(state("127.0.0.1:8080")->workload, "shop/heir");
  clock_.turn(seconds(30));
  expire();
  EXPECT_THAT(heard_.closed, ElementsAre(closed_));
}

TEST_F(ReconcilerDrain, RenamedWorkloadIsTheSameEndpoint) {
  Workload renamed = web_workload("one", "127.0.0.1");
  renamed.name = "renamed";
  put(renamed);
  build();
  EXPECT_EQ(state("127.0.0.1:8080"), one_);
}

TEST_F(ReconcilerDrain, EndpointsOfARemovedServiceDrainAndAreTakenBackIfItReturns) {
  const auto stats = port("shop/web:http")->stats;
  reconciler_.configure(configuration_of({}));
  ASSERT_TRUE(build());
  EXPECT_EQ(picked(), "not running");
  clock_.turn(seconds(29));
  reconciler_.configure(configuration_of({service_}));
  build();
  EXPECT_EQ(state("127.0.0.1:8080"), one_);
  EXPECT_EQ(port("shop/web:http")->stats, stats) << "sessions still counted there";
  reconciler_.configure(configuration_of({}));
  build();
  clock_.turn(seconds(29));
  expire();
  EXPECT_THAT(heard_.closed, IsEmpty());
  clock_.turn(seconds(1));
  expire();
  EXPECT_THAT(heard_.closed, ElementsAre(closed_));
}

TEST_F(ReconcilerDrain, OnEndResetGivesRstInThePlaceOfFin) {
  service_.policy.drain_end = config::DrainEnd::kReset;
  reconciler_.configure(configuration_of({service_}));
  remove("one");
  build();
  clock_.turn(seconds(30));
  expire();
  EXPECT_THAT(heard_.reset, ElementsAre(closed_));
  EXPECT_THAT(heard_.closed, IsEmpty());
}

TEST_F(ReconcilerDrain, OnEndKeepLeavesSessionsAloneAndSaysSo) {
  service_.policy.drain_end = config::DrainEnd::kKeep;
  reconciler_.configure(configuration_of({service_}));
  remove("one");
  build();
  clock_.turn(seconds(30));
  EXPECT_EQ(expire(), clock_.now() + seconds(1)) << "looked at no more often than for its last session";
  EXPECT_THAT(heard_.closed, IsEmpty());
  EXPECT_THAT(heard_.reset, IsEmpty());
  EXPECT_EQ(views()[0],
            "127.0.0.1:8080 draining (gone, or not selected any more; drain.timeout is over, its sessions are kept)");
  service_.policy.drain_end = config::DrainEnd::kClose;
  reconciler_.configure(configuration_of({service_}));
  build();
  EXPECT_THAT(heard_.closed, ElementsAre(closed_)) << "a reload may end them";
}

TEST_F(ReconcilerDrain, TimeoutOfZeroNeverCloses) {
  service_.policy.drain_timeout = seconds(0);
  reconciler_.configure(configuration_of({service_}));
  build();
  remove("one");
  build();
  clock_.turn(std::chrono::hours(24 * 365));
  expire();
  EXPECT_THAT(heard_.closed, IsEmpty());
}

TEST_F(ReconcilerDrain, NothingIsClosedBeforeEveryWorkerKnows) {
  service_.policy.drain_timeout = std::chrono::milliseconds(10);
  reconciler_.configure(configuration_of({service_}));
  build();
  remove("one");
  const auto before = snapshot_->version;
  const auto next = reconciler_.build();
  ASSERT_NE(next, nullptr);
  clock_.turn(seconds(1));
  const proxy::Time look = reconciler_.expire(before);
  EXPECT_THAT(heard_.closed, IsEmpty()) << "a worker might still pick it";
  EXPECT_LE(look, clock_.now() + seconds(1));
  reconciler_.expire(next->version);
  EXPECT_THAT(heard_.closed, ElementsAre(closed_));
}

TEST_F(ReconcilerDrain, StateIsFreedOnlyWhenNoWorkerAndNoSessionKnowsIt) {
  const std::weak_ptr<proxy::EndpointState> weak = one_;
  one_.reset();
  remove("one");
  const auto before = snapshot_->version;
  snapshot_ = reconciler_.build();
  weak.lock()->active = 0;
  reconciler_.expire(before);
  ASSERT_FALSE(weak.expired()) << "a worker may run the version before";
  weak.lock()->active = 1;
  reconciler_.expire(snapshot_->version);
  ASSERT_FALSE(weak.expired()) << "a session is open";
  weak.lock()->active = 0;
  weak.lock()->pinned = 1;
  reconciler_.expire(snapshot_->version);
  ASSERT_FALSE(weak.expired()) << "the access log still needs it";
  weak.lock()->pinned = 0;
  reconciler_.expire(snapshot_->version);
  EXPECT_TRUE(weak.expired());
}

TEST_F(ReconcilerDrain, ByHandNamesAnAddressAWorkloadOrItsFullName) {
  EXPECT_EQ(set_drained("127.0.0.1:8080", true), 1U);
  build();
  EXPECT_EQ(picked(), "127.0.0.2:8080");
  EXPECT_EQ(set_drained("one", false), 1U);
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080");
  EXPECT_EQ(set_drained("shop/two", true), 1U);
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080");
  EXPECT_EQ(set_drained("bank/two", false), 0U);
  EXPECT_EQ(set_drained("wo", false), 0U);
  EXPECT_EQ(set_drained("", true), 0U);
  EXPECT_EQ(set_drained("127.0.0.9:1", true), 0U);
  EXPECT_FALSE(build());
}

TEST_F(ReconcilerDrain, ByHandNamesAWorkloadWithoutANamespaceByThatOfItsService) {
  Workload free = web_workload("free", "127.0.0.5");
  free.ns = "";
  put(free);
  EXPECT_EQ(set_drained("shop/free", true), 1U);
  EXPECT_EQ(set_drained("free", false), 1U);
}

TEST_F(ReconcilerDrain, ByHandKeepsSessionsAndSurvivesUpdatesAndReloads) {
  set_drained("one", true);
  Workload updated = web_workload("one", "127.0.0.1");
  updated.labels["more"] = "x";
  put(updated);
  reconciler_.configure(configuration_of({service_}));
  build();
  clock_.turn(std::chrono::hours(1));
  expire();
  EXPECT_EQ(picked(), "127.0.0.2:8080");
  EXPECT_THAT(heard_.closed, IsEmpty());
  remove("one");
  put(web_workload("heir", "127.0.0.1"));
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080") << "who inherits the address is not drained";
}

TEST_F(ReconcilerDrain, ByHandHoldsForANameWhereverItComesBack) {
  set_drained("one", true, DrainLifetime::kPersisted);
  build();
  EXPECT_EQ(views()[0], "127.0.0.1:8080 drained (drained by hand (persisted))");
  remove("one");
  put(web_workload("one", "127.0.0.7"));
  build();
  EXPECT_EQ(picked(), "127.0.0.2:8080");
  EXPECT_EQ(set_drained("one", false), 1U);
  build();
  EXPECT_EQ(picked(), "127.0.0.2:8080 127.0.0.7:8080");
}

TEST_F(ReconcilerDrain, ByHandHoldsForAnAddressOnlyWhileTheSameWorkloadHasIt) {
  set_drained("127.0.0.1:8080", true, DrainLifetime::kPersisted);
  remove("one");
  put(web_workload("one", "127.0.0.7"));
  put(web_workload("heir", "127.0.0.1"));
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080 127.0.0.7:8080");
  EXPECT_EQ(set_drained("one", false), 2U) << "the endpoint of now, and the drain of one that is gone";
  EXPECT_TRUE(reconciler_.drains().empty());
}

TEST_F(ReconcilerDrain, ByHandMarksOfBeforeHoldForWhatComesLater) {
  remove("two");
  reconciler_.set_drains({{{std::nullopt, "shop/two"}, DrainLifetime::kPersisted}});
  put(web_workload("two", "127.0.0.9"));
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080");
  remove("two");
  EXPECT_EQ(set_drained("two", false), 1U) << "also of one that is not there";
  put(web_workload("two", "127.0.0.9"));
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.9:8080");
}

TEST_F(ReconcilerDrain, ByHandOneAddressOfADrainedNameIsPutBackAlone) {
  Workload both = web_workload("both", "127.0.0.5");
  both.addresses.push_back(*proxy::IpAddress::parse("127.0.0.6"));
  service_.ports.push_back({"admin", 81, config::Protocol::kTcp, std::uint16_t{9090}});
  reconciler_.configure(configuration_of({service_}));
  put(both);
  set_drained("both", true, DrainLifetime::kPersisted);
  build();
  EXPECT_EQ(set_drained("127.0.0.5:8080", false), 1U);
  build();
  EXPECT_EQ(picked("shop/web:http"), "127.0.0.1:8080 127.0.0.2:8080 127.0.0.5:8080");
  EXPECT_EQ(picked("shop/web:admin"), "127.0.0.1:9090 127.0.0.2:9090");
  for (const auto& [mark, lifetime] : reconciler_.drains()) {
    EXPECT_EQ(lifetime, DrainLifetime::kPersisted) << mark.to_string();
  }
}

TEST_F(ReconcilerDrain, ByHandPersistedStaysSo) {
  set_drained("one", true, DrainLifetime::kPersisted);
  set_drained("one", true);
  EXPECT_EQ(persisted(reconciler_.drains()).size(), 1U);
  set_drained("two", true);
  EXPECT_EQ(persisted(reconciler_.drains()).size(), 1U);
  set_drained("two", true, DrainLifetime::kPersisted);
  EXPECT_EQ(persisted(reconciler_.drains()).size(), 2U);
}

}  // namespace
}  // namespace ringway::discovery
