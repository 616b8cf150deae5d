#include <sys/socket.h>

#include <array>

#include "tests/conformance/cluster_fixture.h"

/// Cluster IPs, dialed from Pods and from nodes.
namespace ringway::test {
namespace {

using VirtualIps = ClusterTest;

/// A UDP socket that is bound there; none where it cannot be.
Fd datagrams(const NetworkNamespace& net, const SocketAddress& address) {
  const Inside here(net);
  Fd fd(socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  const socklen_t length = address.fill(storage);
  return bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0 ? std::move(fd) : Fd();
}

INSTANTIATE_TEST_SUITE_P(Objects, VirtualIps, ::testing::ValuesIn(kSettings), name_of_setting);

TEST_P(VirtualIps, serve_pods_of_all_nodes_to_pods_and_nodes) {
  const Pod& one = pod("pod-1", a());
  const Pod& two = pod("pod-2", b());
  const Pod& client = pod("client", b());
  put(service());
  put_pods({{&one}, {&two}});
  for (const NetworkNamespace* from : Places{&client.net, &one.net, &a().net, &b().net}) {
    EXPECT_TRUE(reaches(*from, kWeb, {"pod-1", "pod-2"}));
  }
  put_pods({{&two}});
  EXPECT_TRUE(reaches(client.net, kWeb, {"pod-2"}));
  EXPECT_TRUE(reaches(a().net, kWeb, {"pod-2"}));
}

TEST_P(VirtualIps, lead_a_pod_back_to_itself) {
  const Pod& one = pod("pod-1", a());
  put(service());
  put_pods({{&one}});
  ASSERT_TRUE(reaches(one.net, kWeb, {"pod-1"}));
  EXPECT_EQ(dial(one.net, kWeb).peer, a().bridge_ip().to_string());
}

TEST_P(VirtualIps, have_several_ports_with_a_target_each) {
  Pod& one = pod("pod-1", a());
  Pod& two = pod("pod-2", b());
  one.serve(9377, "pod-1-other");
  two.serve(9377, "pod-2-other");
  Json web = service();
  web["spec"]["ports"].push_back({{"name", "other"}, {"protocol", "TCP"}, {"port", 81}, {"targetPort", 9377}});
  put(web);
  Json pods = slice({{&one}, {&two}});
  pods["ports"].push_back({{"name", "other"}, {"protocol", "TCP"}, {"port", 9377}});
  cluster().control().put_slices({pods});
  const Pod& client = pod("client", a());
  EXPECT_TRUE(reaches(client.net, kWeb, {"pod-1", "pod-2"}));
  EXPECT_TRUE(reaches(client.net, at(kVip, 81), {"pod-1-other", "pod-2-other"}));
}

TEST_P(VirtualIps, refuse_where_there_is_no_endpoint) {
  const Pod& one = pod("pod-1", b());
  const Pod& client = pod("client", a());
  put(service());
  put_pods({{&one}});
  ASSERT_TRUE(reaches(client.net, kWeb, {"pod-1"}));
  put_pods({});
  EXPECT_TRUE(refuses(client.net, kWeb));
  EXPECT_TRUE(refuses(a().net, kWeb));
}

TEST_P(VirtualIps, move_to_another_port) {
  const Pod& one = pod("pod-1", a());
  const Pod& client = pod("client", a());
  Json web = service();
  put(web);
  put_pods({{&one}});
  ASSERT_TRUE(reaches(client.net, kWeb, {"pod-1"}));
  web["spec"]["ports"][0]["port"] = 81;
  put(web);
  EXPECT_TRUE(reaches(client.net, at(kVip, 81), {"pod-1"}));
  EXPECT_TRUE(refuses(client.net, kWeb));
  web["spec"]["ports"].push_back({{"name", "other"}, {"protocol", "TCP"}, {"port", 82}, {"targetPort", kPodPort}});
  put(web);
  Json pods = slice({{&one}});
  pods["ports"].push_back({{"name", "other"}, {"protocol", "TCP"}, {"port", kPodPort}});
  cluster().control().put_slices({pods});
  EXPECT_TRUE(reaches(client.net, at(kVip, 82), {"pod-1"}));
  EXPECT_TRUE(reaches(client.net, at(kVip, 81), {"pod-1"}));
}

TEST_P(VirtualIps, go_with_their_service_and_come_again) {
  const Pod& one = pod("pod-1", a());
  const Pod& two = pod("pod-2", b());
  const Pod& client = pod("client", b());
  const SocketAddress late = at("10.96.0.11", kPort);
  put(service());
  put(service("late", "10.96.0.11"));
  put_pods({{&one}});
  put_pods({{&two}}, "late");
  ASSERT_TRUE(reaches(client.net, kWeb, {"pod-1"}));
  ASSERT_TRUE(reaches(client.net, late, {"pod-2"}));
  drop("web");
  EXPECT_TRUE(wait_until([&] { return dial(client.net, kWeb).from.empty(); }));
  EXPECT_EQ(dial(client.net, late).from, "pod-2");
  put(service());
  EXPECT_TRUE(reaches(client.net, kWeb, {"pod-1"}));
  const SocketAddress other = at("10.96.0.12", kPort);
  drop("web");
  put(service("web", "10.96.0.12"));
  EXPECT_TRUE(reaches(client.net, other, {"pod-1"}));
  EXPECT_TRUE(wait_until([&] { return dial(client.net, kWeb).from.empty(); }));
}

TEST_P(VirtualIps, of_two_families_serve_each_its_own) {
  const Pod& one = pod("pod-1", a());
  const Pod& two = pod("pod-2", b());
  const Pod& client = pod("client", b());
  Json web = service();
  web["spec"]["clusterIPs"] = {kVip, kVip6};
  web["spec"]["ipFamilies"] = {"IPv4", "IPv6"};
  put(web);
  put_pods({{&one}, {&two}});
  EXPECT_TRUE(reaches(client.net, kWeb, {"pod-1", "pod-2"}));
  EXPECT_TRUE(refuses(client.net, kWeb6)) << "there are IPv4 endpoints only";
  put_pods({{&one}, {&two}}, "web", true);
  EXPECT_TRUE(reaches(client.net, kWeb6, {"pod-1", "pod-2"}));
  EXPECT_TRUE(reaches(a().net, kWeb6, {"pod-1", "pod-2"}));
  EXPECT_EQ(dial(one.net, kWeb6).peer.substr(0, 5), "fd00:");
  put_pods({});
  EXPECT_TRUE(refuses(client.net, kWeb));
  EXPECT_EQ(who(client.net, kWeb6), (std::set<std::string>{"pod-1", "pod-2"}));
}

TEST_P(VirtualIps, of_one_family_alone_may_be_ipv6) {
  const Pod& one = pod("pod-1", b());
  const Pod& client = pod("client", a());
  put(service("web", kVip6));
  put_pods({{&one}}, "web", true);
  EXPECT_TRUE(reaches(client.net, kWeb6, {"pod-1"}));
}

TEST_P(VirtualIps, lead_to_pods_that_are_not_ready_where_they_are_published) {
  const Pod& one = pod("pod-1", a());
  const Pod& client = pod("client", b());
  put(service());
  put_pods({{&one, kNotReady}});
  EXPECT_TRUE(refuses(client.net, kWeb));
  put_pods({{&one, kPublished}});
  EXPECT_TRUE(reaches(client.net, kWeb, {"pod-1"}));
}

/// Its address is the node's own, on which Ringway's node port listens too.
TEST_P(VirtualIps, lead_to_a_pod_in_the_network_of_its_node) {
  const Pod& client = pod("client", a());
  const Pod& neighbour = pod("neighbour", b());
  std::unique_ptr<EchoServer> server;
  {
    const Inside here(b().net);
    server = std::make_unique<EchoServer>(
        ServerOptions{.mode = Mode::kFinFirst, .name = "host-pod", .at = {b().ip(), kPodPort}, .tell_peer = true});
  }
  Json pods = slice({{&neighbour}});
  pods["endpoints"][0]["addresses"] = {b().ip().to_string()};
  pods["endpoints"][0]["targetRef"]["name"] = "host-pod";
  Json web = node_port_service();
  put(web);
  cluster().control().put_slices({pods});
  for (const NetworkNamespace* from : Places{&client.net, &neighbour.net, &a().net, &b().net}) {
    EXPECT_TRUE(reaches(*from, kWeb, {"host-pod"}));
  }
  for (const Node* node : {&a(), &b()}) {
    EXPECT_TRUE(reaches(cluster().outside(), {node->ip(), kNodePort}, {"host-pod"})) << node->name;
  }
  web["spec"]["internalTrafficPolicy"] = "Local";
  put(web);
  EXPECT_TRUE(drops(client.net, kWeb));
  EXPECT_TRUE(reaches(neighbour.net, kWeb, {"host-pod"}));
}

/// The endpoint knows nothing of the other protocol, and the number is left to whoever wants it there.
TEST_P(VirtualIps, leave_a_port_of_another_protocol_alone) {
  const Pod& one = pod("pod-1", a());
  const Pod& client = pod("client", a());
  Json web = service();
  web["spec"]["ports"].push_back({{"name", "u"}, {"protocol", "UDP"}, {"port", kPort}, {"targetPort", kPodPort}});
  put(web);
  Json pods = slice({{&one}});
  pods["ports"].push_back({{"name", "u"}, {"protocol", "UDP"}, {"port", kPodPort}});
  cluster().control().put_slices({pods});
  EXPECT_TRUE(reaches(client.net, kWeb, {"pod-1"}));
  const Fd server = datagrams(a().net, kWeb);
  ASSERT_TRUE(server) << "somebody has the UDP port";
  const Fd sender = datagrams(client.net, at(client.ip(), 0));
  sockaddr_storage storage{};
  const socklen_t length = kWeb.fill(storage);
  ASSERT_EQ(sendto(sender.get(), "ask", 3, 0, reinterpret_cast<const sockaddr*>(&storage), length), 3);
  std::array<char, 8> got{};
  EXPECT_TRUE(wait_until([&] { return recv(server.get(), got.data(), got.size(), MSG_DONTWAIT) == 3; }));
  EXPECT_TRUE(reaches(client.net, kWeb, {"pod-1"}));
  EXPECT_THAT(a().daemon->cli({"describe", "service", "web", "-n", "shop"}).out,
              ::testing::HasSubstr("80/UDP (only TCP is)"));
}

}  // namespace
}  // namespace ringway::test
