#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/control_plane.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"
#include "tests/kubernetes/server/api_text.h"

/// What needs no network namespaces, on addresses of 127.0.0.0/8: which Services and addresses are ours at all.
namespace ringway::test {
namespace {

/// The daemon on node-a, and a server for each Pod.
class ConformanceTest : public ::testing::TestWithParam<From> {
 protected:
  void SetUp() override {
    std::vector<std::string> lines = {"node: {name: node-a}", "externalIPs: {allow: [127.88.0.0/16]}"};
    for (std::string& line : control_.spec_lines(folder_)) {
      lines.push_back(std::move(line));
    }
    daemon_ = std::make_unique<Daemon>(DaemonOptions{.config = "", .spec_lines = lines});
    control_.tell(*daemon_);
  }

  static Json service(const std::string& name, const SocketAddress& vip) {
    Json object = api_service(name, vip.ip().to_string(), vip.port());
    object["spec"].erase("selector");
    return object;
  }
  /// A slice for each Pod, for each has a port of its own here.
  static std::vector<Json> slices(const std::string& service, const std::vector<const EchoServer*>& pods) {
    std::vector<Json> all;
    for (const EchoServer* pod : pods) {
      all.push_back(api_slice(service, pod->name(), pod->address().port(), {{pod->address().ip().to_string()}}));
    }
    return all;
  }

  static std::string greeting(const SocketAddress& vip) {
    TcpClient client(vip);
    return client.receive(6, milliseconds(1000));
  }
  static bool greets(const SocketAddress& vip, const std::string& name) {
    return wait_until([&] { return greeting(vip) == name; });
  }
  /// 127.`second`.x.1, x being this process's.
  [[nodiscard]] std::string ip(int second) const {
    return "127." + std::to_string(second) + "." + std::to_string(vip_.ip().bytes()[2]) + ".1";
  }
  static SocketAddress at(const std::string& ip, std::uint16_t port) { return {IpAddress::parse(ip).value(), port}; }

  TemporaryFolder folder_;
  ControlPlane control_{GetParam(), {.tls = true}};
  std::unique_ptr<Daemon> daemon_;
  SocketAddress vip_ = next_vip();
  EchoServer one_{{.name = "pod-1", .at = {}}};
  EchoServer two_{{.name = "pod-2", .at = {}}};
};

INSTANTIATE_TEST_SUITE_P(Objects, ConformanceTest, ::testing::Values(From::kFile, From::kApi), name_of);

TEST_P(ConformanceTest, a_virtual_ip_serves_all_ready_pods) {
  control_.put_service(service("web", vip_));
  control_.put_slices(slices("web", {&one_, &two_}));
  EXPECT_TRUE(greets(vip_, "pod-1\n"));
  EXPECT_TRUE(greets(vip_, "pod-2\n"));
}

TEST_P(ConformanceTest, a_service_for_another_proxy_is_left_alone) {
  Json web = service("web", vip_);
  control_.put_service(web);
  control_.put_slices(slices("web", {&one_}));
  ASSERT_TRUE(greets(vip_, "pod-1\n"));
  for (const auto& [label, value] : {std::pair("service-proxy-name", "other"), std::pair("headless", "")}) {
    web["metadata"]["labels"]["service.kubernetes.io/" + std::string(label)] = value;
    control_.put_service(web);
    EXPECT_TRUE(wait_until([&] { return !TcpClient(vip_).connected(); })) << label;
    web["metadata"].erase("labels");
    control_.put_service(web);
    EXPECT_TRUE(greets(vip_, "pod-1\n"));
  }
}

TEST_P(ConformanceTest, external_ips_are_served_where_they_are_allowed) {
  Json web = service("web", vip_);
  web["spec"]["externalIPs"] = {ip(88), ip(87)};
  control_.put_service(web);
  control_.put_slices(slices("web", {&one_}));
  EXPECT_TRUE(greets(at(ip(88), vip_.port()), "pod-1\n"));
  EXPECT_FALSE(TcpClient(at(ip(87), vip_.port())).connected());
  EXPECT_NE(daemon_->cli({"describe", "service", "web", "-n", "shop"}).out.find(ip(87) + " (no network of"),
            std::string::npos);
  EXPECT_NE(daemon_->get("/api/v1/events").body.find("ExternalIPRefused"), std::string::npos);
}

}  // namespace
}  // namespace ringway::test
