#include <gmock/gmock.h>

#include "tests/discovery/world.h"

namespace ringway::discovery {
namespace {

class ReconcilerConfigure : public World {
 protected:
  static config::Service named(const std::string& name, const std::string& vip) {
    config::Service service = web_service();
    service.metadata.name = name;
    service.cluster_ips = {vip};
    return service;
  }
};

TEST_F(ReconcilerConfigure, FirstConfigurationGivesASnapshotAlsoWhereItIsEmpty) {
  EXPECT_FALSE(build());
  reconciler_.configure(configuration_of({}));
  EXPECT_EQ(heard_.wanted, 1);
  ASSERT_TRUE(build());
  EXPECT_EQ(snapshot_->version, 1U);
  EXPECT_TRUE(snapshot_->ports.empty());
}

TEST_F(ReconcilerConfigure, RunsTcpPortsOfServicesWithAVirtualIpOnly) {
  config::Service several = named("several", "127.96.0.1");
  several.cluster_ips.emplace_back("fd00::1");
  several.ports = {{"http", 80, config::Protocol::kTcp, std::uint16_t{80}},
                   {"dns", 53, config::Protocol::kUdp, std::uint16_t{53}},
                   {"sig", 99, config::Protocol::kSctp, std::uint16_t{99}},
                   {"https", 443, config::Protocol::kTcp, std::uint16_t{443}}};
  const config::Service headless = named("headless", "None");
  config::Service external = named("external", "127.96.0.2");
  external.type = config::ServiceType::kExternalName;
  config::Service bare = named("bare", "");
  bare.cluster_ips.clear();
  reconciler_.configure(configuration_of({headless, external, bare, several}));
  build();
  ASSERT_EQ(snapshot_->ports.size(), 4U) << "each family on its own";
  EXPECT_EQ(snapshot_->ports[0]->key.to_string(), "shop/several:http");
  EXPECT_EQ(snapshot_->ports[2]->key.to_string(), "shop/several:https");
  EXPECT_EQ(snapshot_->ports[2]->listen, std::vector{*proxy::SocketAddress::parse("127.96.0.1:443")});
  EXPECT_EQ(snapshot_->ports[3]->listen, std::vector{*proxy::SocketAddress::parse("[fd00::1]:443")});
  const auto services = reconciler_.services();
  ASSERT_EQ(services.size(), 4U) << "those that are not run are shown too";
  EXPECT_TRUE(services[0].ports.empty());
  EXPECT_EQ(services[3].ports.size(), 2U);
}

TEST_F(ReconcilerConfigure, PolicyReachesTheDataPlane) {
  config::Service service = web_service();
  service.policy.balancer = config::Balancer::kRandom;
  service.policy.connect_timeout = config::milliseconds(70);
  service.policy.connect_attempts = 999;
  service.policy.idle_timeout = config::milliseconds(0);
  service.policy.max_connection_age = config::milliseconds(7000);
  service.policy.max_connections = 9;
  service.policy.allow = {"10.0.0.0/8"};
  service.policy.deny = {"10.1.0.0/16"};
  reconciler_.configure(configuration_of({service}));
  build();
  const proxy::SessionPolicy& policy = port("shop/web:http")->policy;
  EXPECT_EQ(policy.balancer, proxy::Balancer::kRandom);
  EXPECT_EQ(policy.connect_timeout, config::milliseconds(70));
  EXPECT_EQ(policy.connect_attempts, proxy::kMaxConnectAttempts);
  EXPECT_EQ(policy.idle_timeout, config::milliseconds(0));
  EXPECT_EQ(policy.max_age, config::milliseconds(7000));
  EXPECT_EQ(policy.max_connections, 9U);
  const auto allows = [this](const char* client) {
    return port("shop/web:http")->access->allows(*proxy::IpAddress::parse(client));
  };
  EXPECT_TRUE(allows("10.2.0.1"));
  EXPECT_FALSE(allows("10.1.0.1")) << "denied";
  EXPECT_FALSE(allows("192.0.2.1")) << "not allowed";
}

TEST_F(ReconcilerConfigure, PortsOfAServiceShareOneTableOfAffinityThroughReloads) {
  config::Service service = web_service();
  service.affinity_timeout = config::milliseconds(5000);
  service.ports.push_back({"https", 443, config::Protocol::kTcp, std::uint16_t{8443}});
  reconciler_.configure(configuration_of({service, named("other", "127.96.0.11")}));
  build();
  const auto table = port("shop/web:http")->affinity;
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(port("shop/web:https")->affinity, table);
  EXPECT_EQ(port("shop/other:http")->affinity, nullptr);
  service.affinity_timeout = config::milliseconds(6000);
  reconciler_.configure(configuration_of({service}));
  build();
  EXPECT_EQ(port("shop/web:http")->policy.affinity_timeout, config::milliseconds(6000));
  EXPECT_EQ(port("shop/web:http")->affinity, table) << "who was remembered is still";
  service.affinity_timeout = config::milliseconds(0);
  reconciler_.configure(configuration_of({service}));
  build();
  EXPECT_EQ(port("shop/web:http")->affinity, nullptr);
}

TEST_F(ReconcilerConfigure, PortsOfAServiceShareOneBandwidthWhoseRateAReloadChanges) {
  config::Service service = web_service();
  service.policy.session_up = 4096;
  service.policy.service_down = 1'000'000;
  service.ports.push_back({"https", 443, config::Protocol::kTcp, std::uint16_t{8443}});
  reconciler_.configure(configuration_of({service, named("other", "127.96.0.11")}));
  build();
  const auto bandwidth = port("shop/web:http")->bandwidth;
  ASSERT_NE(bandwidth, nullptr);
  EXPECT_EQ(port("shop/web:http")->policy.bandwidth, (proxy::Rates{4096, 0}));
  EXPECT_EQ(port("shop/web:https")->bandwidth, bandwidth);
  EXPECT_EQ(port("shop/other:http")->bandwidth, nullptr);
  EXPECT_EQ(bandwidth->rate(0), 0U);
  EXPECT_EQ(bandwidth->rate(1), 1'000'000U);
  service.policy.service_down = 2'000'000;
  reconciler_.configure(configuration_of({service}));
  build();
  EXPECT_EQ(port("shop/web:http")->bandwidth, bandwidth);
  EXPECT_EQ(bandwidth->rate(1), 2'000'000U);
}

TEST_F(ReconcilerConfigure, ABandwidthThatIsTakenAwayHoldsNobodyAndComesBackForAll) {
  config::Service service = web_service();
  service.policy.service_up = 1'000'000;
  reconciler_.configure(configuration_of({service}));
  build();
  const auto of_a_session = port("shop/web:http")->bandwidth;
  service.policy.service_up = 0;
  reconciler_.configure(configuration_of({service}));
  build();
  EXPECT_EQ(port("shop/web:http")->bandwidth, nullptr);
  EXPECT_EQ(of_a_session->rate(0), 0U);
  service.policy.service_up = 3'000'000;
  reconciler_.configure(configuration_of({service}));
  build();
  EXPECT_EQ(port("shop/web:http")->bandwidth, of_a_session);
  EXPECT_EQ(of_a_session->rate(0), 3'000'000U);
}

TEST_F(ReconcilerConfigure, ChangedAccessIsInForce) {
  config::Service service = web_service();
  reconciler_.configure(configuration_of({service}));
  build();
  EXPECT_EQ(port("shop/web:http")->access, nullptr);
  service.policy.deny = {"10.1.0.0/16"};
  reconciler_.configure(configuration_of({service}));
  EXPECT_TRUE(build());
  ASSERT_NE(port("shop/web:http")->access, nullptr);
  EXPECT_TRUE(port("shop/web:http")->access->allows(*proxy::IpAddress::parse("192.0.2.1")));
  reconciler_.configure(configuration_of({service}));
  EXPECT_FALSE(build()) << "the same networks again are no news";
}

TEST_F(ReconcilerConfigure, EveryPortShownRunsAlsoBeforeTheFirstSnapshot) {
  reconciler_.configure(configuration_of({web_service()}));
  const auto services = reconciler_.services();
  ASSERT_EQ(services.size(), 1U);
  ASSERT_EQ(services[0].ports.size(), 1U);
  ASSERT_NE(services[0].ports[0].running, nullptr);
  EXPECT_EQ(services[0].ports[0].running->key.to_string(), "shop/web:http");
  EXPECT_EQ(services[0].ports[0].configured->port, 80);
}

TEST_F(ReconcilerConfigure, ReloadThatChangesNothingIsNoSnapshot) {
  put(web_workload("one", "127.0.0.1"));
  reconciler_.configure(configuration_of({checked_web_service()}));
  build();
  reconciler_.configure(configuration_of({checked_web_service()}));
  EXPECT_FALSE(build());
  EXPECT_EQ(health_.watched, 1U);
}

TEST_F(ReconcilerConfigure, UnchangedPortsKeepSlotAndObjectOverAReload) {
  put(web_workload("one", "127.0.0.1"));
  reconciler_.configure(configuration_of({named("a", "127.96.0.1"), named("b", "127.96.0.2")}));
  build();
  const auto before = snapshot_;
  reconciler_.configure(
      configuration_of({named("new", "127.96.0.9"), named("c", "127.96.0.3"), named("b", "127.96.0.2")}));
  build();
  ASSERT_EQ(snapshot_->ports.size(), 3U);
  EXPECT_EQ(snapshot_->ports[0]->key.service, "new") << "the free slot is taken";
  EXPECT_EQ(snapshot_->ports[1], before->ports[1]);
  EXPECT_EQ(snapshot_->ports[2]->key.service, "c");
  reconciler_.configure(configuration_of({named("b", "127.96.0.2")}));
  build();
  ASSERT_EQ(snapshot_->ports.size(), 3U);
  EXPECT_EQ(snapshot_->ports[0], nullptr);
  EXPECT_EQ(snapshot_->ports[1], before->ports[1]);
}

TEST_F(ReconcilerConfigure, CountersAndEndpointsSurviveAChangeOfPolicyOrAddress) {
  put(web_workload("one", "127.0.0.1"));
  reconciler_.configure(configuration_of({named("a", "127.96.0.1")}));
  build();
  const auto before = snapshot_->ports[0];
  config::Service moved = named("a", "127.96.0.2");
  moved.policy.balancer = config::Balancer::kRoundRobin;
  reconciler_.configure(configuration_of({moved}));
  build();
  EXPECT_NE(snapshot_->ports[0], before);
  EXPECT_EQ(snapshot_->ports[0]->stats, before->stats);
  EXPECT_EQ(snapshot_->ports[0]->endpoints, before->endpoints);
}

TEST_F(ReconcilerConfigure, CountersOfARemovedKeyAreDropped) {
  put(web_workload("one", "127.0.0.1"));
  reconciler_.configure(configuration_of({web_service()}));
  build();
  EXPECT_EQ(port("shop/web:http")->stats->all().size(), 2U);
  const std::weak_ptr<proxy::ServiceStats> before = port("shop/web:http")->stats;
  reconciler_.configure(configuration_of({}));
  build();
  EXPECT_TRUE(before.expired());
}

TEST_F(ReconcilerConfigure, PreviewShowsWhatWouldRunAndChangesNothing) {
  put(web_workload("one", "127.0.0.1"));
  reconciler_.configure(configuration_of({named("a", "127.96.0.1"), named("b", "127.96.0.2")}));
  build();
  heard_.wanted = 0;
  const auto next = configuration_of({named("x", "127.96.0.9"), named("y", "127.96.0.8"), named("b", "127.96.0.7")});
  const auto preview = reconciler_.preview(*next);
  EXPECT_EQ(heard_.wanted, 0);
  EXPECT_FALSE(build());
  reconciler_.configure(next);
  build();
  ASSERT_EQ(preview->ports.size(), snapshot_->ports.size());
  EXPECT_EQ(preview->version, snapshot_->version);
  for (std::size_t slot = 0; slot < preview->ports.size(); ++slot) {
    EXPECT_EQ(preview->ports[slot]->key, snapshot_->ports[slot]->key);
    EXPECT_EQ(preview->ports[slot]->listen, snapshot_->ports[slot]->listen);
  }
  const auto same = reconciler_.preview(*next);
  EXPECT_EQ(same->ports, snapshot_->ports) << "unchanged ports are the same objects";
}

TEST_F(ReconcilerConfigure, AChangedSelectorChangesTheEndpoints) {
  put(web_workload("one", "127.0.0.1"));
  Workload other = web_workload("two", "127.0.0.2");
  other.labels = {{"app", "db"}};
  put(other);
  reconciler_.configure(configuration_of({web_service()}));
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080");
  config::Service service = web_service();
  service.selector = selector("app=db");
  reconciler_.configure(configuration_of({service}));
  build();
  EXPECT_EQ(picked(), "127.0.0.2:8080");
}

}  // namespace
}  // namespace ringway::discovery
