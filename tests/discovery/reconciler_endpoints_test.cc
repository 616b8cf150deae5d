#include <gmock/gmock.h>

#include "tests/discovery/world.h"

namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ReconcilerEndpoints : public World {};

TEST_F(ReconcilerEndpoints, WorkloadsThatMatchAreEndpoints) {
  put(web_workload("one", "127.0.0.1"));
  reconciler_.configure(configuration_of({web_service()}));
  put(web_workload("two", "127.0.0.2"));
  Workload other = web_workload("db", "127.0.0.3");
  other.labels = {{"app", "db"}};
  put(other);
  Workload elsewhere = web_workload("far", "127.0.0.4");
  elsewhere.ns = "bank";
  put(elsewhere);
  Workload nowhere = web_workload("free", "127.0.0.5");
  nowhere.ns = "";
  put(nowhere);
  ASSERT_TRUE(build());
  EXPECT_EQ(picked(), "127.0.0.1:8080 127.0.0.2:8080 127.0.0.5:8080");
  EXPECT_EQ(state("127.0.0.1:8080")->workload, "shop/one");
  EXPECT_EQ(state("127.0.0.5:8080")->workload, "free");
  EXPECT_EQ(port("shop/web:http")->listen, std::vector{*proxy::SocketAddress::parse("127.96.0.10:80")});
}

TEST_F(ReconcilerEndpoints, ChangesOfOneBatchAreOneSnapshotAndNewsKeepsItsTime) {
  reconciler_.configure(configuration_of({web_service()}));
  build();
  heard_.wanted = 0;
  EXPECT_EQ(reconciler_.oldest_pending(), proxy::Time::max());
  const proxy::Time first = clock_.now();
  put(web_workload("one", "127.0.0.1"));
  clock_.turn(std::chrono::seconds(1));
  put(web_workload("two", "127.0.0.2"));
  EXPECT_EQ(heard_.wanted, 1);
  EXPECT_EQ(reconciler_.oldest_pending(), first);
  const auto version = snapshot_->version;
  EXPECT_TRUE(build());
  EXPECT_EQ(snapshot_->version, version + 1);
  EXPECT_EQ(reconciler_.oldest_pending(), proxy::Time::max());
  EXPECT_FALSE(build()) << "nothing new";
}

TEST_F(ReconcilerEndpoints, NewsOfWorkloadsThatNobodySelectsWantsNoSnapshot) {
  reconciler_.configure(configuration_of({web_service()}));
  build();
  heard_.wanted = 0;
  Workload other = web_workload("db", "127.0.0.3");
  other.labels = {{"app", "db"}};
  put(other);
  EXPECT_EQ(heard_.wanted, 0);
  EXPECT_EQ(reconciler_.oldest_pending(), proxy::Time::max());
  EXPECT_FALSE(build());
}

TEST_F(ReconcilerEndpoints, OneChangeTouchesOnlyTheServicesThatSelectIt) {
  std::vector<config::Service> services;
  for (int number = 0; number < 2000; ++number) {
    config::Service& service = services.emplace_back(checked_web_service());
    service.metadata.name = "web-" + std::to_string(number);
    service.cluster_ips = {"127.96." + std::to_string(number / 250) + "." + std::to_string(1 + number % 250)};
    service.selector = selector("app=web,number=n" + std::to_string(number));
  }
  for (int number = 0; number < 2000; ++number) {
    Workload workload = web_workload(std::to_string(number),
                                     "127.0." + std::to_string(number / 250) + "." + std::to_string(number % 250));
    workload.labels["number"] = "n" + std::to_string(number);
    put(workload);
  }
  reconciler_.configure(configuration_of(std::move(services)));
  ASSERT_TRUE(build());
  EXPECT_EQ(health_.watched, 2000U);
  const auto before = snapshot_;
  Workload more = web_workload("more", "127.1.0.1");
  more.labels["number"] = "n7";
  put(more);
  ASSERT_TRUE(build());
  ASSERT_EQ(snapshot_->ports.size(), before->ports.size());
  std::vector<std::string> changed;
  for (std::size_t slot = 0; slot < before->ports.size(); ++slot) {
    if (before->ports[slot] != snapshot_->ports[slot]) {
      changed.push_back(snapshot_->ports[slot]->key.to_string());
    }
  }
  EXPECT_THAT(changed, ElementsAre("shop/web-7:http"));
  EXPECT_EQ(health_.watched, 2001U) << "no other endpoint was watched anew";
}

TEST_F(ReconcilerEndpoints, NotReadyOnesGetNoSessionsAndSayWhy) {
  reconciler_.configure(configuration_of({web_service()}));
  Workload workload = web_workload("one", "127.0.0.1");
  workload.ready = false;
  workload.reason = "paused";
  put(workload);
  build();
  EXPECT_EQ(picked(), "");
  EXPECT_THAT(views(), ElementsAre("127.0.0.1:8080 notReady (paused)"));
  workload.ready = true;
  workload.reason = "";
  put(workload);
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080");
  EXPECT_THAT(views(), ElementsAre("127.0.0.1:8080 ready usable"));
}

TEST_F(ReconcilerEndpoints, WorkloadWithoutTheNamedPortIsShownAndNotPicked) {
  config::Service service = web_service();
  service.ports[0].target_port = "http";
  reconciler_.configure(configuration_of({service}));
  put(web_workload("one", "127.0.0.1"));
  build();
  EXPECT_EQ(picked(), "");
  EXPECT_THAT(views(), ElementsAre("127.0.0.1:0 notReady (no port named http)"));
}

class ReconcilerSlices : public World {
 protected:
  static std::shared_ptr<config::Configuration> with(std::vector<config::SliceEndpoint> endpoints) {
    config::Service service = web_service();
    service.selector.reset();
    auto configuration = configuration_of({service});
    config::EndpointSlice slice;
    slice.metadata.ns = "shop";
    slice.metadata.name = "web-x";
    slice.service = "web";
    slice.ports = {{"http", 9090, config::Protocol::kTcp}};
    slice.endpoints = std::move(endpoints);
    configuration->slices = {slice};
    slice.metadata.ns = "bank";
    slice.endpoints.assign(1, {});
    slice.endpoints.front().address = proxy::IpAddress::v4(0x7F000063);
    configuration->slices.push_back(slice);
    return configuration;
  }
  static config::SliceEndpoint endpoint(const std::string& address, bool ready, bool serving, bool terminating) {
    config::SliceEndpoint made;
    made.address = proxy::IpAddress::parse(address).value();
    made.ready = ready;
    made.serving = serving;
    made.terminating = terminating;
    made.place = config::Placement{.node = "node-a", .zone = "z1", .hint_zones = {}, .hint_nodes = {}};
    return made;
  }
};

TEST_F(ReconcilerSlices, ServiceWithoutASelectorTakesItsSlices) {
  put(web_workload("one", "127.0.0.7"));
  reconciler_.configure(with({endpoint("127.0.0.1", true, true, false), endpoint("127.0.0.2", false, false, false)}));
  build();
  EXPECT_EQ(picked(), "127.0.0.1:9090");
  EXPECT_THAT(views(),
              ElementsAre("127.0.0.1:9090 ready usable", "127.0.0.2:9090 notReady (not ready in EndpointSlice web-x)"));
}

TEST_F(ReconcilerSlices, ServingTerminatingOnesAreUsedOnlyWhereNoneIsReady) {
  const auto leaving = endpoint("127.0.0.1", false, true, true);
  const auto dead = endpoint("127.0.0.2", false, false, true);
  reconciler_.configure(with({leaving, dead}));
  build();
  ASSERT_EQ(picked(), "127.0.0.1:9090");
  clock_.turn(std::chrono::hours(1));
  state("127.0.0.1:9090")->active = 1;
  expire();
  EXPECT_THAT(heard_.closed, IsEmpty()) << "what gets sessions does not drain";
  state("127.0.0.1:9090")->active = 0;
  reconciler_.configure(with({leaving, dead, endpoint("127.0.0.3", true, true, false)}));
  build();
  EXPECT_EQ(picked(), "127.0.0.3:9090");
}

}  // namespace
}  // namespace ringway::discovery
