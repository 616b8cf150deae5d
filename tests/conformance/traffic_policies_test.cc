#include "proxy/address/reply_marker.h"
#include "tests/conformance/cluster_fixture.h"
#include "tests/harness/http.h"

/// `internalTrafficPolicy`, `externalTrafficPolicy`, what terminates, and whom the Pods see.
namespace ringway::test {
namespace {

using ::testing::HasSubstr;

class TrafficPolicies : public ClusterTest {
 protected:
  void SetUp() override {
    ClusterTest::SetUp();
    if (!IsSkipped()) {
      one_ = &pod("pod-1", a());
      two_ = &pod("pod-2", b());
    }
  }
  [[nodiscard]] SocketAddress port_of(const Node& node) const { return {node.ip(), kNodePort}; }
  static Json local(const std::string& side) {
    Json web = node_port_service();
    web["spec"][side + "TrafficPolicy"] = "Local";
    return web;
  }

  static std::string described(const Node& node) {
    return node.daemon->cli({"describe", "service", "web", "-n", "shop"}).out;
  }
  static std::optional<double> without_local_endpoints(const Node& node) {
    return node.daemon->metric("ringway_no_local_endpoints", {{"service", "web"}, {"side", "internal"}});
  }

  const Pod* one_ = nullptr;
  const Pod* two_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(Objects, TrafficPolicies, ::testing::ValuesIn(kSettings), name_of_setting);

TEST_P(TrafficPolicies, internal_traffic_stays_on_its_node_under_local) {
  Json web = local("internal");
  put(web);
  put_pods({{one_}, {two_}});
  EXPECT_TRUE(reaches(one_->net, kWeb, {"pod-1"}));
  EXPECT_TRUE(reaches(a().net, kWeb, {"pod-1"}));
  EXPECT_TRUE(reaches(two_->net, kWeb, {"pod-2"}));
  EXPECT_TRUE(reaches(cluster().outside(), port_of(a()), {"pod-1", "pod-2"})) << "that is external traffic";
  EXPECT_THAT(described(b()), HasSubstr("internalTrafficPolicy is Local"));
  put_pods({{one_}});
  EXPECT_TRUE(drops(two_->net, kWeb));
  EXPECT_TRUE(drops(b().net, kWeb));
  EXPECT_THAT(described(b()), HasSubstr("drops, all endpoints are on other"));
  EXPECT_EQ(without_local_endpoints(b()), 1);
  EXPECT_EQ(without_local_endpoints(a()), 0);
  EXPECT_TRUE(reaches(one_->net, kWeb, {"pod-1"}));
  put_pods({});
  EXPECT_TRUE(refuses(two_->net, kWeb)) << "none anywhere";
  EXPECT_EQ(without_local_endpoints(b()), 0);
  put_pods({{one_}});
  put(node_port_service());
  EXPECT_TRUE(reaches(two_->net, kWeb, {"pod-1"}));
}

TEST_P(TrafficPolicies, external_traffic_stays_on_the_node_that_it_comes_to_under_local) {
  const NetworkNamespace& outside = cluster().outside();
  put(local("external"));
  put_pods({{one_}, {two_}});
  EXPECT_TRUE(reaches(outside, port_of(a()), {"pod-1"}));
  EXPECT_TRUE(reaches(outside, port_of(b()), {"pod-2"}));
  EXPECT_TRUE(reaches(one_->net, kWeb, {"pod-1", "pod-2"})) << "that is internal traffic";
  put_pods({{one_}});
  EXPECT_TRUE(drops(outside, port_of(b())));
  EXPECT_TRUE(reaches(outside, port_of(a()), {"pod-1"}));
  put(node_port_service());
  EXPECT_TRUE(reaches(outside, port_of(b()), {"pod-1"})) << "Cluster again";
  put_pods({});
  put(local("external"));
  EXPECT_TRUE(refuses(outside, port_of(b()))) << "none anywhere";
}

TEST_P(TrafficPolicies, under_cluster_terminating_pods_serve_where_none_is_ready) {
  const NetworkNamespace& outside = cluster().outside();
  put(node_port_service());
  put_pods({{one_, kTerminating}});
  EXPECT_TRUE(reaches(two_->net, kWeb, {"pod-1"}));
  EXPECT_TRUE(reaches(outside, port_of(b()), {"pod-1"}));
  put_pods({{one_, kTerminating}, {two_}});
  EXPECT_TRUE(reaches(one_->net, kWeb, {"pod-2"}));
  EXPECT_TRUE(reaches(outside, port_of(a()), {"pod-2"}));
}

TEST_P(TrafficPolicies, under_local_terminating_pods_of_the_node_serve_though_others_are_ready) {
  const NetworkNamespace& outside = cluster().outside();
  Json web = local("external");
  web["spec"]["internalTrafficPolicy"] = "Local";
  put(web);
  put_pods({{one_, kTerminating}, {two_}});
  EXPECT_TRUE(reaches(one_->net, kWeb, {"pod-1"}));
  EXPECT_TRUE(reaches(outside, port_of(a()), {"pod-1"}));
  EXPECT_TRUE(reaches(two_->net, kWeb, {"pod-2"}));
  EXPECT_TRUE(reaches(outside, port_of(b()), {"pod-2"}));
  put_pods({{one_, kTerminating}});
  EXPECT_TRUE(reaches(one_->net, kWeb, {"pod-1"}));
  EXPECT_TRUE(reaches(outside, port_of(a()), {"pod-1"}));
  EXPECT_TRUE(drops(two_->net, kWeb));
  EXPECT_TRUE(drops(outside, port_of(b())));
  put_pods({{one_, kNotReady}, {two_}});
  EXPECT_TRUE(drops(one_->net, kWeb));
  EXPECT_TRUE(drops(outside, port_of(a())));
}

TEST_P(TrafficPolicies, a_health_check_node_port_tells_which_nodes_have_endpoints) {
  Json web = local("external");
  web["spec"]["type"] = "LoadBalancer";
  web["spec"]["healthCheckNodePort"] = kHealthPort;
  put(web);
  put_pods({{one_}});
  const auto ask = [&](const Node& node) {
    const Inside here(cluster().outside());
    return http(SocketAddress(node.ip(), kHealthPort).to_string(), "GET", "/healthz");
  };
  const auto status = [&](const Node& node) { return ask(node).status; };
  EXPECT_TRUE(wait_until([&] { return status(a()) == 200 && status(b()) == 503; }));
  const Json body = Json::parse(ask(a()).body);
  EXPECT_EQ(body["service"], (Json{{"namespace", "shop"}, {"name", "web"}}));
  EXPECT_EQ(body["localEndpoints"], 1);
  put_pods({{one_, kTerminating}, {two_}});
  EXPECT_TRUE(wait_until([&] { return status(a()) == 503 && status(b()) == 200; })) << "its last one terminates";
  put_pods({{one_}, {two_}});
  EXPECT_TRUE(wait_until([&] { return status(a()) == 200 && status(b()) == 200; }));
  put(node_port_service());
  EXPECT_TRUE(wait_until([&] { return status(a()) == 0 && status(b()) == 0; }));
}

/// By way of the node that the client came to, for its Pods' way to the client leads through it.
TEST_P(TrafficPolicies, a_transparent_source_shows_pods_the_client) {
  if (!proxy::ReplyMarker::built_in()) {
    GTEST_SKIP() << "this build has no libnftables (./dev setup)";
  }
  const NetworkNamespace& outside = cluster().outside();
  Json web = local("external");
  put(web);
  put_pods({{one_}, {two_}});
  ASSERT_TRUE(reaches(outside, port_of(a()), {"pod-1"}));
  EXPECT_EQ(dial(outside, port_of(a())).peer, a().bridge_ip().to_string());
  web["metadata"]["annotations"]["ringway.io/policy"] = "source: transparent";
  put(web);
  EXPECT_TRUE(wait_until([&] { return dial(outside, port_of(a())).peer == "192.168.77.100"; }));
  EXPECT_TRUE(wait_until([&] { return dial(outside, port_of(b())).peer == "192.168.77.100"; }));
  put_pods({{two_}});
  EXPECT_TRUE(wait_until([&] { return dial(one_->net, kWeb).peer == one_->ip().to_string(); }));
}

}  // namespace
}  // namespace ringway::test
