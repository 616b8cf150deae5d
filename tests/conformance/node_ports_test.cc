#include "tests/conformance/cluster_fixture.h"

/// Node ports, load balancers' addresses and the health check node port, dialed from outside, from nodes and from Pods.
namespace ringway::test {
namespace {

using NodePorts = ClusterTest;

INSTANTIATE_TEST_SUITE_P(Objects, NodePorts, ::testing::ValuesIn(kSettings), name_of_setting);

TEST_P(NodePorts, are_on_every_node_for_everyone) {
  const Pod& one = pod("pod-1", a());
  const Pod& two = pod("pod-2", b());
  put(node_port_service());
  put_pods({{&one}, {&two}});
  for (const Node* node : {&a(), &b()}) {
    const SocketAddress port(node->ip(), kNodePort);
    for (const NetworkNamespace* from : Places{&cluster().outside(), &one.net, &a().net, &b().net}) {
      EXPECT_TRUE(reaches(*from, port, {"pod-1", "pod-2"})) << port.to_string();
    }
  }
  EXPECT_TRUE(reaches(one.net, kWeb, {"pod-1", "pod-2"}));
}

TEST_P(NodePorts, change_and_go_with_the_type) {
  const Pod& one = pod("pod-1", b());
  const NetworkNamespace& outside = cluster().outside();
  Json web = node_port_service();
  put(web);
  put_pods({{&one}});
  ASSERT_TRUE(reaches(outside, {a().ip(), kNodePort}, {"pod-1"}));
  web["spec"]["ports"][0]["nodePort"] = kNodePort + 10;
  put(web);
  EXPECT_TRUE(reaches(outside, {a().ip(), kNodePort + 10}, {"pod-1"}));
  EXPECT_TRUE(refuses(outside, {a().ip(), kNodePort}));
  put(service());
  EXPECT_TRUE(refuses(outside, {a().ip(), kNodePort + 10}));
  EXPECT_TRUE(reaches(one.net, kWeb, {"pod-1"}));
  put_pods({});
  put(node_port_service());
  EXPECT_TRUE(refuses(outside, {a().ip(), kNodePort})) << "no endpoint";
}

TEST_P(NodePorts, are_on_the_primary_addresses_of_both_families_alone) {
  const Pod& one = pod("pod-1", a());
  Json web = node_port_service();
  web["spec"]["clusterIPs"] = {kVip, kVip6};
  put(web);
  put_pods({{&one}});
  put_pods({{&one}}, "web", true);
  EXPECT_TRUE(reaches(cluster().outside(), {a().ip(), kNodePort}, {"pod-1"}));
  EXPECT_TRUE(reaches(cluster().outside(), {a().ip(true), kNodePort}, {"pod-1"}));
  EXPECT_TRUE(dial(one.net, {a().bridge_ip(), kNodePort}).refused);
  EXPECT_TRUE(dial(one.net, {a().bridge_ip(true), kNodePort}).refused);
  EXPECT_TRUE(dial(one.net, at(kVip, kNodePort)).refused);
  EXPECT_TRUE(dial(a().net, at("127.0.0.1", kNodePort)).refused);
}

class NodePortAddresses : public ClusterTest {
  [[nodiscard]] std::vector<std::string> spec_lines() const override {
    return {"nodePortAddresses: [10.244.0.0/16, 172.20.0.0/16]"};
  }
};

INSTANTIATE_TEST_SUITE_P(Objects, NodePortAddresses, ::testing::Values(kSettings.front()), name_of_setting);

TEST_P(NodePortAddresses, are_those_of_interfaces_in_the_networks) {
  const Pod& one = pod("pod-1", a());
  const Pod& two = pod("pod-2", b());
  put(node_port_service());
  put_pods({{&one}, {&two}});
  EXPECT_TRUE(reaches(one.net, {a().bridge_ip(), kNodePort}, {"pod-1", "pod-2"}));
  EXPECT_TRUE(reaches(two.net, {b().bridge_ip(), kNodePort}, {"pod-1", "pod-2"}));
  EXPECT_TRUE(dial(cluster().outside(), {a().ip(), kNodePort}).refused);
  a().net.ip({"addr add 172.20.0.1/32 dev eth0"});
  EXPECT_EQ(a().daemon->reload().status, 0);
  EXPECT_THAT(a().daemon->log(), ::testing::HasSubstr("node ports listen on 10.244.1.1 172.20.0.1"))
      << "at the reload, not seconds later";
  cluster().outside().ip({"route add 172.20.0.1 via " + a().ip().to_string()});
  EXPECT_TRUE(reaches(cluster().outside(), at("172.20.0.1", kNodePort), {"pod-1", "pod-2"}));
}

TEST_P(NodePorts, of_a_load_balancer_serve_beside_its_address) {
  const Pod& one = pod("pod-1", b());
  const NetworkNamespace& outside = cluster().outside();
  Json web = node_port_service();
  web["spec"]["type"] = "LoadBalancer";
  web["status"]["loadBalancer"]["ingress"] = {{{"ip", "192.168.88.1"}}, {{"ip", "192.168.88.2"}, {"ipMode", "Proxy"}}};
  put(web);
  put_pods({{&one}});
  EXPECT_TRUE(reaches(outside, at("192.168.88.1", kPort), {"pod-1"}));
  EXPECT_TRUE(reaches(outside, {b().ip(), kNodePort}, {"pod-1"}));
  EXPECT_EQ(dial(outside, at("192.168.88.2", kPort)).from, "") << "it is the balancer's own";
}

TEST_P(NodePorts, stay_open_where_source_ranges_close_the_load_balancers_address) {
  const Pod& one = pod("pod-1", b());
  const NetworkNamespace& outside = cluster().outside();
  const SocketAddress balancer = at("192.168.88.1", kPort);
  Json web = node_port_service();
  web["spec"]["type"] = "LoadBalancer";
  web["spec"]["loadBalancerSourceRanges"] = {"192.168.77.0/26"};
  web["status"]["loadBalancer"]["ingress"] = {{{"ip", "192.168.88.1"}}};
  put(web);
  put_pods({{&one}});
  ASSERT_TRUE(reaches(outside, {a().ip(), kNodePort}, {"pod-1"}));
  EXPECT_TRUE(refuses(outside, balancer)) << "192.168.77.100 is not in it";
  EXPECT_TRUE(wait_until(
      [&] { return a().daemon->metric("ringway_rejected_total", {{"service", "web"}, {"reason", "denied"}}) > 0; }));
  EXPECT_TRUE(reaches(one.net, kWeb, {"pod-1"}));
  EXPECT_TRUE(reaches(outside, {a().ip(), kNodePort}, {"pod-1"}));
  web["spec"]["loadBalancerSourceRanges"].push_back("192.168.77.100/32");
  put(web);
  EXPECT_TRUE(reaches(outside, balancer, {"pod-1"}));
  web["spec"]["loadBalancerSourceRanges"] = {"192.168.77.0/26"};
  put(web);
  EXPECT_TRUE(refuses(outside, balancer));
}

}  // namespace
}  // namespace ringway::test
