#include "tests/conformance/cluster_fixture.h"

/// `sessionAffinity: ClientIP`, on cluster IPs and on node ports.
namespace ringway::test {
namespace {

class Affinity : public ClusterTest {
 protected:
  void SetUp() override {
    ClusterTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    for (int i = 0; i < 4; ++i) {
      pods_.push_back({&pod("pod-" + std::to_string(i), i % 2 == 0 ? a() : b())});
    }
    put_pods(pods_);
  }
  static Json with_affinity(Json service, int seconds) {
    service["spec"]["sessionAffinity"] = "ClientIP";
    service["spec"]["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"] = seconds;
    return service;
  }
  /// The one Pod that all connections come to, once there is one.
  static std::string the_one(const NetworkNamespace& from, const SocketAddress& to) {
    std::set<std::string> names;
    EXPECT_TRUE(wait_until([&] {
      names = who(from, to);
      return names.size() == 1 && !names.begin()->empty();
    }));
    EXPECT_THAT(names, ::testing::SizeIs(1));
    return names.empty() ? "" : *names.begin();
  }
  /// At node-a, once the client has stayed away for the time; it may be sent to the same Pod again.
  void times_out(const NetworkNamespace& from, const SocketAddress& to) {
    const std::string one = the_one(from, to);
    EXPECT_TRUE(wait_until([&] {
      EXPECT_TRUE(wait_until([&] { return a().daemon->metric("ringway_affinity_clients") == 0; }));
      return dial(from, to).from != one;
    }));
  }
  static const inline std::set<std::string> kAll = {"pod-0", "pod-1", "pod-2", "pod-3"};

  std::vector<Member> pods_;
};

INSTANTIATE_TEST_SUITE_P(Objects, Affinity, ::testing::ValuesIn(kSettings), name_of_setting);

TEST_P(Affinity, of_a_virtual_ip_is_switched_on_and_off) {
  const Pod& client = pod("client", a());
  put(service());
  ASSERT_TRUE(reaches(client.net, kWeb, kAll));
  put(with_affinity(service(), 10'800));
  const std::string one = the_one(client.net, kWeb);
  EXPECT_EQ(who(client.net, kWeb), std::set<std::string>{one});
  put(service());
  EXPECT_TRUE(reaches(client.net, kWeb, kAll));
}

TEST_P(Affinity, of_a_node_port_is_switched_on_and_off) {
  const SocketAddress port(a().ip(), kNodePort);
  put(node_port_service());
  ASSERT_TRUE(reaches(cluster().outside(), port, kAll));
  put(with_affinity(node_port_service(), 10'800));
  the_one(cluster().outside(), port);
  put(node_port_service());
  EXPECT_TRUE(reaches(cluster().outside(), port, kAll));
}

/// Each client has its own, and one that is gone gives way to another.
TEST_P(Affinity, is_a_clients_and_ends_with_its_pod) {
  const Pod& client = pod("client", a());
  put(with_affinity(service(), 10'800));
  std::string one = the_one(client.net, kWeb);
  std::set<std::string> others;
  for (int i = 0; i < 12 && others.size() < 2; ++i) {
    others.insert(dial(pod("client-" + std::to_string(i), a()).net, kWeb).from);
  }
  EXPECT_EQ(others.size(), 2U) << "clients share a Pod";
  EXPECT_EQ(the_one(client.net, kWeb), one);
  std::erase_if(pods_, [&](const Member& member) { return member.pod->name == one; });
  put_pods(pods_);
  EXPECT_TRUE(wait_until([&] { return dial(client.net, kWeb).from != one; }));
  EXPECT_NE(the_one(client.net, kWeb), one);
}

TEST_P(Affinity, of_a_virtual_ip_times_out) {
  const Pod& client = pod("client", a());
  put(with_affinity(service(), 1));
  times_out(client.net, kWeb);
}

TEST_P(Affinity, of_a_node_port_times_out) {
  put(with_affinity(node_port_service(), 1));
  times_out(cluster().outside(), {a().ip(), kNodePort});
}

}  // namespace
}  // namespace ringway::test
