#include <gmock/gmock.h>

#include "tests/discovery/sliced_world.h"

/// The frontends of a port: which endpoints each sees, and what who dials it gets without one.
namespace ringway::discovery {
namespace {

using testing::ElementsAre;

class ReconcilerFrontends : public SlicedWorld {
 protected:
  ReconcilerFrontends() {
    service_.selector.reset();
    service_.type = config::ServiceType::kLoadBalancer;
    service_.ports[0].node_port = 30080;
    reconciler_.set_node_addresses({*proxy::IpAddress::parse("10.0.0.5"), *proxy::IpAddress::parse("fd00::5")});
  }

  static void terminate(config::SliceEndpoint& endpoint) {
    endpoint.ready = false;
    endpoint.terminating = true;
  }
  /// `LISTEN,… to ENDPOINT …`, or what who dials gets.
  [[nodiscard]] std::vector<std::string> frontends() const {
    std::vector<std::string> lines;
    for (const auto& port : snapshot_->ports) {
      if (port == nullptr) {
        continue;
      }
      std::string line;
      for (const auto& address : port->listen) {
        line += (line.empty() ? "" : ",") + address.to_string();
      }
      line += port->endpoints.empty() ? (port->silent ? " drops" : " refuses") : " to";
      for (const auto& endpoint : port->endpoints) {
        line += " " + endpoint->address.ip().to_string();
      }
      lines.push_back(line);
    }
    return lines;
  }
};

TEST_F(ReconcilerFrontends, WithOneTrafficPolicyAllAddressesAreOneFrontend) {
  service_.ingress_ips = {"10.9.0.1"};
  service_.external_ips = {"10.8.0.1", "10.9.0.1", "fd00::8"};
  add("127.0.0.1", "node-b");
  run();
  EXPECT_THAT(frontends(), ElementsAre("127.96.0.10:80,10.9.0.1:80,10.8.0.1:80,10.0.0.5:30080 to 127.0.0.1"))
      << "each address once, and none of a family that the cluster IP has not";
}

TEST_F(ReconcilerFrontends, ExternalLocalBindsWhoComesFromOutsideToThisNode) {
  service_.external_local = true;
  service_.ingress_ips = {"10.9.0.1"};
  add("127.0.0.1", "node-a");
  add("127.0.0.2", "node-b");
  run();
  EXPECT_THAT(frontends(),
              ElementsAre("127.96.0.10:80 to 127.0.0.1 127.0.0.2", "10.9.0.1:80,10.0.0.5:30080 to 127.0.0.1"));
  EXPECT_THAT(views(), ElementsAre("127.0.0.1:8080 ready usable",
                                   "127.0.0.2:8080 ready (on node node-b: not for all clients, externalTrafficPolicy "
                                   "is Local) usable"));
}

TEST_F(ReconcilerFrontends, ExternalLocalFallsBackToWhatTerminatesHere) {
  service_.external_local = true;
  terminate(add("127.0.0.1", "node-a"));
  add("127.0.0.2", "node-b");
  run();
  EXPECT_THAT(frontends(), ElementsAre("127.96.0.10:80 to 127.0.0.2", "10.0.0.5:30080 to 127.0.0.1"));
  EXPECT_EQ(views()[0], "127.0.0.1:8080 draining (terminating, used for want of a ready one) usable");
}

TEST_F(ReconcilerFrontends, WithEndpointsElsewhereOnlyLocalDropsAndWithNoneItRefuses) {
  service_.external_local = true;
  add("127.0.0.2", "node-b");
  run();
  EXPECT_THAT(frontends(), ElementsAre("127.96.0.10:80 to 127.0.0.2", "10.0.0.5:30080 drops"));
  endpoints_[0].ready = false;
  run();
  EXPECT_THAT(frontends(), ElementsAre("127.96.0.10:80 refuses", "10.0.0.5:30080 refuses"));
  terminate(endpoints_[0]);
  run();
  EXPECT_THAT(frontends(), ElementsAre("127.96.0.10:80 to 127.0.0.2", "10.0.0.5:30080 drops"));
  endpoints_.clear();
  run();
  EXPECT_THAT(frontends(), ElementsAre("127.96.0.10:80 refuses", "10.0.0.5:30080 refuses"));
}

TEST_F(ReconcilerFrontends, InternalLocalDropsTooAndLeavesThoseFromOutsideAlone) {
  service_.internal_local = true;
  add("127.0.0.2", "node-b");
  run();
  EXPECT_THAT(frontends(), ElementsAre("127.96.0.10:80 drops", "10.0.0.5:30080 to 127.0.0.2"));
}

TEST_F(ReconcilerFrontends, SourceRangesAreForTheLoadBalancersAddressesAlone) {
  service_.ingress_ips = {"10.9.0.1"};
  service_.source_ranges = {"10.0.0.0/8"};
  add("127.0.0.1", "node-a");
  run();
  EXPECT_THAT(frontends(), ElementsAre("127.96.0.10:80,10.0.0.5:30080 to 127.0.0.1", "10.9.0.1:80 to 127.0.0.1"));
  EXPECT_EQ(snapshot_->ports[0]->sources, nullptr);
  ASSERT_NE(snapshot_->ports[1]->sources, nullptr);
  EXPECT_TRUE(snapshot_->ports[1]->sources->allows(*proxy::IpAddress::parse("10.1.1.1")));
  EXPECT_FALSE(snapshot_->ports[1]->sources->allows(*proxy::IpAddress::parse("11.1.1.1")));
  EXPECT_EQ(snapshot_->ports[0]->stats, snapshot_->ports[1]->stats) << "the port counts once";
  EXPECT_EQ(snapshot_->ports[0]->endpoints[0], snapshot_->ports[1]->endpoints[0]);
}

TEST_F(ReconcilerFrontends, TheFamiliesOfADualStackServiceDoNotTouchEachOther) {
  service_.cluster_ips = {"127.96.0.10", "fd00::10"};
  add("127.0.0.1", "node-a");
  run();
  EXPECT_THAT(frontends(),
              ElementsAre("127.96.0.10:80,10.0.0.5:30080 to 127.0.0.1", "[fd00::10]:80,[fd00::5]:30080 refuses"));
  const auto four = snapshot_->ports[0];
  add("fd00::1", "node-a");
  run();
  EXPECT_THAT(frontends(),
              ElementsAre("127.96.0.10:80,10.0.0.5:30080 to 127.0.0.1", "[fd00::10]:80,[fd00::5]:30080 to fd00::1"));
  EXPECT_EQ(snapshot_->ports[0], four) << "the same object";
}

TEST_F(ReconcilerFrontends, FollowTheMachinesAddresses) {
  add("127.0.0.1", "node-a");
  run();
  reconciler_.set_node_addresses({*proxy::IpAddress::parse("10.0.0.6")});
  run();
  EXPECT_THAT(frontends(), ElementsAre("127.96.0.10:80,10.0.0.6:30080 to 127.0.0.1"));
  service_.cluster_ips.clear();
  run();
  EXPECT_THAT(frontends(), ElementsAre("10.0.0.6:30080 to 127.0.0.1")) << "a node port needs no cluster IP";
}

TEST_F(ReconcilerFrontends, AFrontendThatGoesLeavesTheSlotsOfTheOthers) {
  service_.external_local = true;
  add("127.0.0.1", "node-a");
  run();
  ASSERT_EQ(frontends().size(), 2U);
  service_.external_local = false;
  run();
  EXPECT_THAT(frontends(), ElementsAre("127.96.0.10:80,10.0.0.5:30080 to 127.0.0.1"));
  EXPECT_EQ(snapshot_->ports[1], nullptr);
}

}  // namespace
}  // namespace ringway::discovery
