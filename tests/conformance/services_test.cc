#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/harness/daemon.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"
#include "tests/kubernetes/server/api_server.h"
#include "tests/kubernetes/server/api_text.h"

/// What Kubernetes' own tests ask of whoever proxies Services; README.md maps one to the other. Each runs twice: with
/// the objects in a file, and with a stand-in for the API server.
namespace ringway::test {
namespace {

using Json = nlohmann::json;
using ::testing::UnorderedElementsAre;

enum class From : std::uint8_t { kFile, kApi };

struct PodSpec {
  const EchoServer* server = nullptr;
  std::string node;
  Json conditions = {{"ready", true}, {"serving", true}, {"terminating", false}};
};

const Json kTerminating = {{"ready", false}, {"serving", true}, {"terminating", true}};
const Json kNotReady = {{"ready", false}, {"serving", false}, {"terminating", false}};
/// What the control plane makes of a Pod that terminates, where the Service publishes addresses that are not ready.
const Json kPublished = {{"ready", true}, {"serving", false}, {"terminating", true}};

constexpr std::uint16_t kNodePort = 30'377;
constexpr std::uint16_t kHealthPort = 30'378;

/// The daemon on node-a, and a server for each Pod.
class ConformanceTest : public ::testing::TestWithParam<From> {
 protected:
  void SetUp() override {
    std::vector<std::string> lines = {"node: {name: node-a}", "nodePortAddresses: [" + ip(77, 1) + "/32]",
                                      "externalIPs: {allow: [127.88.0.0/16]}"};
    if (GetParam() == From::kApi) {
      std::ofstream(folder_ / "kubeconfig") << api_.kubeconfig("{token: let-me-in}");
      lines.push_back("discovery: {kubernetes: {kubeconfig: \"" + (folder_ / "kubeconfig") + "\"}}");
    }
    daemon_ = std::make_unique<Daemon>(DaemonOptions{.config = "", .spec_lines = lines});
  }

  [[nodiscard]] Json service(const std::string& name, const SocketAddress& vip) const {
    Json object = api_service(name, vip.ip().to_string(), vip.port());
    object["spec"].erase("selector");
    return object;
  }
  /// A slice for each Pod, for each has a port of its own here.
  static std::vector<Json> slices(const std::string& service, const std::vector<PodSpec>& pods,
                                  const std::string& port = "main") {
    std::vector<Json> all;
    for (const PodSpec& pod : pods) {
      const SocketAddress& at = pod.server->address();
      Json slice = api_slice(service, pod.server->name(), at.port(), {{at.ip().to_string(), pod.conditions}});
      slice["ports"][0]["name"] = port;
      if (!pod.node.empty()) {
        slice["endpoints"][0]["nodeName"] = pod.node;
      }
      all.push_back(std::move(slice));
    }
    return all;
  }

  void put_service(const Json& object) { put("services", "v1", "Service", object); }
  void put_slices(const std::vector<Json>& objects) {
    for (const Json& object : objects) {
      put("endpointslices", "discovery.k8s.io/v1", "EndpointSlice", object);
    }
  }
  void drop(const std::string& resource, const std::string& name) {
    objects_.erase({resource, name});
    if (GetParam() == From::kApi) {
      api_.drop(resource, "shop/" + name);
    }
    tell();
  }

  static std::string greeting(const SocketAddress& vip) {
    TcpClient client(vip);
    return client.receive(6, milliseconds(1000));
  }
  static bool greets(const SocketAddress& vip, const std::string& name) {
    return wait_until([&] { return greeting(vip) == name; });
  }
  /// Refused, or reset before a byte.
  static bool refuses(const SocketAddress& vip) {
    TcpClient client(vip);
    return !client.connected() || (client.receive(1).empty() && client.ending() == Ending::kReset);
  }
  /// Neither let in nor refused.
  static bool drops(const SocketAddress& vip) { return TcpClient(vip, milliseconds(300)).error() == ETIMEDOUT; }
  /// 127.`second`.x.`last`, x being this process's.
  [[nodiscard]] std::string ip(int second, int last) const {
    return "127." + std::to_string(second) + "." + std::to_string(block()) + "." + std::to_string(last);
  }
  [[nodiscard]] std::uint16_t block() const { return vip_.ip().bytes()[2]; }
  static SocketAddress at(const std::string& ip, std::uint16_t port) { return {IpAddress::parse(ip).value(), port}; }
  [[nodiscard]] SocketAddress node(std::uint16_t port) const { return at(ip(77, 1), port); }
  static std::set<std::string> who_greets(const SocketAddress& vip) {
    std::set<std::string> names;
    for (int i = 0; i < 30; ++i) {
      names.insert(greeting(vip));
    }
    return names;
  }

  TemporaryFolder folder_;
  ApiServer api_{{.tls = true}};
  std::unique_ptr<Daemon> daemon_;
  SocketAddress vip_ = next_vip();
  EchoServer one_{{.name = "pod-1", .at = {}}};
  EchoServer two_{{.name = "pod-2", .at = {}}};

 private:
  void put(const std::string& resource, const std::string& version, const std::string& kind, Json object) {
    if (GetParam() == From::kApi) {
      api_.put(resource, object);
    }
    object["apiVersion"] = version;
    object["kind"] = kind;
    const std::string name = object["metadata"]["name"];
    objects_[{resource, name}] = std::move(object);
    tell();
  }
  void tell() {
    if (GetParam() == From::kFile) {
      std::string text;
      for (const auto& [key, object] : objects_) {
        text += "---\n" + object.dump() + "\n";
      }
      daemon_->reconfigure(text);
    }
  }

  std::map<std::pair<std::string, std::string>, Json> objects_;
};

INSTANTIATE_TEST_SUITE_P(Objects, ConformanceTest, ::testing::Values(From::kFile, From::kApi),
                         [](const auto& info) { return info.param == From::kFile ? "of_a_file" : "of_an_api"; });

TEST_P(ConformanceTest, a_virtual_ip_serves_all_ready_pods) {
  put_service(service("web", vip_));
  put_slices(slices("web", {{&one_, "node-a"}, {&two_, "node-b"}}));
  EXPECT_TRUE(greets(vip_, "pod-1\n"));
  EXPECT_TRUE(greets(vip_, "pod-2\n"));
  EXPECT_THAT(who_greets(vip_), UnorderedElementsAre("pod-1\n", "pod-2\n"));
}

TEST_P(ConformanceTest, each_of_several_ports_goes_to_its_own) {
  Json web = service("web", vip_);
  web["spec"]["ports"].push_back({{"name", "other"}, {"protocol", "TCP"}, {"port", vip_.port() + 1}});
  put_service(web);
  put_slices(slices("web", {{&one_, ""}}));
  put_slices(slices("web", {{&two_, ""}}, "other"));
  const SocketAddress other(vip_.ip(), vip_.port() + 1);
  EXPECT_TRUE(greets(vip_, "pod-1\n"));
  EXPECT_TRUE(greets(other, "pod-2\n"));
  EXPECT_THAT(who_greets(vip_), UnorderedElementsAre("pod-1\n"));
  EXPECT_THAT(who_greets(other), UnorderedElementsAre("pod-2\n"));
}

TEST_P(ConformanceTest, without_an_endpoint_it_refuses) {
  put_service(service("web", vip_));
  put_slices(slices("web", {{&one_, ""}}));
  ASSERT_TRUE(greets(vip_, "pod-1\n"));
  drop("endpointslices", "web-pod-1");
  EXPECT_TRUE(wait_until([&] { return refuses(vip_); }));
}

TEST_P(ConformanceTest, services_come_go_and_come_again) {
  const SocketAddress other = next_vip();
  put_slices(slices("web", {{&one_, ""}}));
  put_slices(slices("late", {{&two_, ""}}));
  put_service(service("web", vip_));
  put_service(service("late", other));
  EXPECT_TRUE(greets(vip_, "pod-1\n"));
  EXPECT_TRUE(greets(other, "pod-2\n"));
  drop("services", "web");
  EXPECT_TRUE(wait_until([&] { return !TcpClient(vip_).connected(); }));
  EXPECT_EQ(greeting(other), "pod-2\n");
  put_service(service("web", vip_));
  EXPECT_TRUE(greets(vip_, "pod-1\n"));
}

TEST_P(ConformanceTest, a_changed_port_is_the_one_that_listens) {
  put_service(service("web", vip_));
  put_slices(slices("web", {{&one_, ""}}));
  ASSERT_TRUE(greets(vip_, "pod-1\n"));
  const SocketAddress moved(vip_.ip(), vip_.port() + 1);
  put_service(service("web", moved));
  EXPECT_TRUE(greets(moved, "pod-1\n"));
  EXPECT_TRUE(wait_until([&] { return !TcpClient(vip_).connected(); }));
}

TEST_P(ConformanceTest, affinity_is_switched_on_and_off) {
  Json web = service("web", vip_);
  put_service(web);
  put_slices(slices("web", {{&one_, ""}, {&two_, ""}}));
  ASSERT_TRUE(greets(vip_, "pod-1\n"));
  ASSERT_TRUE(greets(vip_, "pod-2\n"));
  web["spec"]["sessionAffinity"] = "ClientIP";
  put_service(web);
  EXPECT_TRUE(wait_until([&] { return who_greets(vip_).size() == 1; }));
  web["spec"]["sessionAffinity"] = "None";
  put_service(web);
  EXPECT_TRUE(wait_until([&] { return who_greets(vip_).size() == 2; }));
}

TEST_P(ConformanceTest, a_service_for_another_proxy_is_left_alone) {
  Json web = service("web", vip_);
  put_service(web);
  put_slices(slices("web", {{&one_, ""}}));
  ASSERT_TRUE(greets(vip_, "pod-1\n"));
  web["metadata"]["labels"]["service.kubernetes.io/service-proxy-name"] = "other";
  put_service(web);
  EXPECT_TRUE(wait_until([&] { return !TcpClient(vip_).connected(); }));
  web["metadata"].erase("labels");
  put_service(web);
  EXPECT_TRUE(greets(vip_, "pod-1\n"));
}

TEST_P(ConformanceTest, a_pod_that_is_not_ready_gets_nothing_unless_it_is_published) {
  put_service(service("web", vip_));
  put_slices(slices("web", {{&one_, "", kNotReady}}));
  EXPECT_TRUE(wait_until([&] { return refuses(vip_); }));
  put_slices(slices("web", {{&one_, "", kPublished}}));
  EXPECT_TRUE(greets(vip_, "pod-1\n"));
}

TEST_P(ConformanceTest, terminating_pods_serve_where_none_is_ready) {
  put_service(service("web", vip_));
  put_slices(slices("web", {{&one_, "node-b", kTerminating}}));
  EXPECT_TRUE(greets(vip_, "pod-1\n"));
  put_slices(slices("web", {{&two_, "node-b"}}));
  EXPECT_TRUE(greets(vip_, "pod-2\n"));
  EXPECT_TRUE(wait_until([&] { return who_greets(vip_) == std::set<std::string>{"pod-2\n"}; }));
}

TEST_P(ConformanceTest, internal_traffic_stays_on_the_node_under_local) {
  Json web = service("web", vip_);
  web["spec"]["internalTrafficPolicy"] = "Local";
  put_service(web);
  put_slices(slices("web", {{&one_, "node-a"}, {&two_, "node-b"}}));
  EXPECT_TRUE(greets(vip_, "pod-1\n"));
  EXPECT_THAT(who_greets(vip_), UnorderedElementsAre("pod-1\n"));
  EXPECT_NE(daemon_->cli({"describe", "service", "web", "-n", "shop"}).out.find("internalTrafficPolicy is Local"),
            std::string::npos);
  put_slices(slices("web", {{&one_, "node-b"}}));
  EXPECT_TRUE(wait_until([&] { return drops(vip_); })) << "there are endpoints, but not here";
  EXPECT_NE(daemon_->cli({"describe", "service", "web", "-n", "shop"}).out.find("drops, all endpoints are on other"),
            std::string::npos);
  EXPECT_EQ(daemon_->metric("ringway_no_local_endpoints", {{"service", "web"}, {"side", "internal"}}), 1);
  drop("endpointslices", "web-pod-1");
  drop("endpointslices", "web-pod-2");
  EXPECT_TRUE(wait_until([&] { return refuses(vip_); })) << "none anywhere";
  EXPECT_EQ(daemon_->metric("ringway_no_local_endpoints", {{"service", "web"}, {"side", "internal"}}), 0);
  put_slices(slices("web", {{&one_, "node-b"}, {&two_, "node-b"}}));
  web["spec"]["internalTrafficPolicy"] = "Cluster";
  put_service(web);
  EXPECT_TRUE(wait_until([&] { return who_greets(vip_).size() == 2; }));
}

TEST_P(ConformanceTest, a_node_port_listens_on_the_nodes_addresses) {
  Json web = service("web", vip_);
  web["spec"]["type"] = "NodePort";
  web["spec"]["ports"][0]["nodePort"] = kNodePort;
  put_service(web);
  put_slices(slices("web", {{&one_, ""}, {&two_, ""}}));
  EXPECT_TRUE(greets(node(kNodePort), "pod-1\n"));
  EXPECT_TRUE(greets(node(kNodePort), "pod-2\n"));
  EXPECT_EQ(who_greets(vip_).size(), 2U);
  EXPECT_FALSE(TcpClient(at(ip(77, 2), kNodePort)).connected()) << "not named in nodePortAddresses";
  EXPECT_NE(daemon_->cli({"get", "services", "-n", "shop"}).out.find(":30377/TCP"), std::string::npos);
  web["spec"]["type"] = "ClusterIP";
  web["spec"]["ports"][0].erase("nodePort");
  put_service(web);
  EXPECT_TRUE(wait_until([&] { return !TcpClient(node(kNodePort)).connected(); }));
  EXPECT_EQ(who_greets(vip_).size(), 2U);
}

TEST_P(ConformanceTest, external_traffic_stays_on_the_node_under_local) {
  Json web = service("web", vip_);
  web["spec"]["type"] = "NodePort";
  web["spec"]["externalTrafficPolicy"] = "Local";
  web["spec"]["ports"][0]["nodePort"] = kNodePort;
  put_service(web);
  put_slices(slices("web", {{&one_, "node-a"}, {&two_, "node-b"}}));
  const SocketAddress outside = node(kNodePort);
  EXPECT_TRUE(greets(outside, "pod-1\n"));
  EXPECT_THAT(who_greets(outside), UnorderedElementsAre("pod-1\n"));
  EXPECT_THAT(who_greets(vip_), UnorderedElementsAre("pod-1\n", "pod-2\n"));
  put_slices(slices("web", {{&one_, "node-a", kTerminating}}));
  EXPECT_TRUE(wait_until([&] { return who_greets(vip_) == std::set<std::string>{"pod-2\n"}; }));
  EXPECT_THAT(who_greets(outside), UnorderedElementsAre("pod-1\n")) << "the one that terminates here";
  drop("endpointslices", "web-pod-1");
  EXPECT_TRUE(wait_until([&] { return drops(outside); }));
  EXPECT_EQ(greeting(vip_), "pod-2\n");
  drop("endpointslices", "web-pod-2");
  EXPECT_TRUE(wait_until([&] { return refuses(outside); }));
  put_slices(slices("web", {{&two_, "node-a"}}));
  EXPECT_TRUE(greets(outside, "pod-2\n"));
}

TEST_P(ConformanceTest, a_load_balancers_address_is_served_unless_it_is_a_proxys) {
  Json web = service("web", vip_);
  web["spec"]["type"] = "LoadBalancer";
  web["spec"]["loadBalancerSourceRanges"] = {"10.0.0.0/8"};
  web["status"]["loadBalancer"]["ingress"] = {{{"ip", ip(89, 1)}}, {{"ip", ip(89, 2)}, {"ipMode", "Proxy"}}};
  put_service(web);
  put_slices(slices("web", {{&one_, ""}}));
  EXPECT_TRUE(greets(vip_, "pod-1\n"));
  const SocketAddress balancer = at(ip(89, 1), vip_.port());
  EXPECT_TRUE(wait_until([&] { return TcpClient(balancer).connected(); }));
  EXPECT_TRUE(refuses(balancer)) << "a client of 127.0.0.1";
  EXPECT_TRUE(wait_until([&] { return daemon_->metric("ringway_rejected_total", {{"reason", "denied"}}) > 0; }));
  EXPECT_FALSE(TcpClient(at(ip(89, 2), vip_.port())).connected());
  web["spec"]["loadBalancerSourceRanges"] = {"10.0.0.0/8", "127.0.0.0/8"};
  put_service(web);
  EXPECT_TRUE(greets(balancer, "pod-1\n"));
}

TEST_P(ConformanceTest, a_health_check_node_port_tells_of_endpoints_on_the_node) {
  Json web = service("web", vip_);
  web["spec"]["type"] = "LoadBalancer";
  web["spec"]["externalTrafficPolicy"] = "Local";
  web["spec"]["healthCheckNodePort"] = kHealthPort;
  put_service(web);
  put_slices(slices("web", {{&one_, "node-a"}, {&two_, "node-b"}}));
  const std::string where = node(kHealthPort).to_string();
  EXPECT_TRUE(wait_until([&] { return http(where, "GET", "/healthz").status == 200; }));
  const Json body = Json::parse(http(where, "GET", "/any").body);
  EXPECT_EQ(body["service"], (Json{{"namespace", "shop"}, {"name", "web"}}));
  EXPECT_EQ(body["localEndpoints"], 1);
  put_slices(slices("web", {{&one_, "node-a", kTerminating}}));
  EXPECT_TRUE(wait_until([&] { return http(where, "GET", "/").status == 503; })) << "its last one terminates";
  web["spec"]["externalTrafficPolicy"] = "Cluster";
  web["spec"].erase("healthCheckNodePort");
  put_service(web);
  EXPECT_TRUE(wait_until([&] { return http(where, "GET", "/").status == 0; }));
}

TEST_P(ConformanceTest, external_ips_are_served_where_they_are_allowed) {
  Json web = service("web", vip_);
  web["spec"]["externalIPs"] = {ip(88, 1), ip(87, 1)};
  put_service(web);
  put_slices(slices("web", {{&one_, ""}}));
  EXPECT_TRUE(greets(at(ip(88, 1), vip_.port()), "pod-1\n"));
  EXPECT_FALSE(TcpClient(at(ip(87, 1), vip_.port())).connected());
  EXPECT_NE(daemon_->cli({"describe", "service", "web", "-n", "shop"}).out.find(ip(87, 1) + " (no network of"),
            std::string::npos);
  EXPECT_NE(daemon_->get("/api/v1/events").body.find("ExternalIPRefused"), std::string::npos);
}

TEST_P(ConformanceTest, the_families_of_a_dual_stack_service_do_not_touch_each_other) {
  // [::1] is every process's: the port is this one's.
  vip_ = SocketAddress(vip_.ip(), 20'000 + block());
  Json web = service("web", vip_);
  const SocketAddress six(IpAddress::parse("::1").value(), vip_.port());
  web["spec"]["clusterIPs"].push_back("::1");
  put_service(web);
  put_slices(slices("web", {{&one_, ""}}));
  EXPECT_TRUE(greets(vip_, "pod-1\n"));
  EXPECT_TRUE(refuses(six)) << "there is an IPv4 endpoint only";
  const EchoServer six_server{{.name = "pod-6", .at = SocketAddress(IpAddress::parse("::1").value(), 0)}};
  auto slice = slices("web", {{&six_server, ""}});
  slice[0]["addressType"] = "IPv6";
  put_slices(slice);
  EXPECT_TRUE(greets(six, "pod-6\n"));
  EXPECT_THAT(who_greets(vip_), UnorderedElementsAre("pod-1\n"));
  drop("endpointslices", "web-pod-1");
  EXPECT_TRUE(wait_until([&] { return refuses(vip_); }));
  EXPECT_EQ(greeting(six), "pod-6\n");
}

TEST_P(ConformanceTest, a_terminating_pod_of_the_node_serves_under_local_though_others_are_ready) {
  Json web = service("web", vip_);
  web["spec"]["internalTrafficPolicy"] = "Local";
  put_service(web);
  put_slices(slices("web", {{&one_, "node-a", kTerminating}, {&two_, "node-b"}}));
  EXPECT_TRUE(greets(vip_, "pod-1\n"));
  EXPECT_THAT(who_greets(vip_), UnorderedElementsAre("pod-1\n"));
}

}  // namespace
}  // namespace ringway::test
