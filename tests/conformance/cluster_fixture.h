#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <array>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proxy/steer/steering.h"
#include "tests/conformance/cluster.h"
#include "tests/harness/own_namespace.h"
#include "tests/harness/process.h"
#include "tests/kubernetes/server/api_text.h"

namespace ringway::test {

/// A Pod as an endpoint.
struct Member {
  const Pod* pod = nullptr;
  Json conditions = kReady;
};

/// How the daemons of a cluster run.
struct Setting {
  From objects = From::kFile;
  bool steered = false;  ///< virtualIPs.mode is steer
};

inline constexpr std::array kSettings = {Setting{From::kFile}, Setting{From::kApi}, Setting{From::kFile, true}};

/// Of a suite of tests with this parameter: "of_a_file", "of_an_api", "of_a_file_steered".
inline std::string name_of_setting(const ::testing::TestParamInfo<Setting>& info) {
  return name_of({info.param.objects, info.index}) + (info.param.steered ? "_steered" : "");
}

/// A `Cluster`, and what tests say and ask there. Skips where there can be no network namespaces, or no steering.
class ClusterTest : public ::testing::TestWithParam<Setting> {
 protected:
  void SetUp() override {
    home_ = current_namespace();
    if (find_program("ip").empty()) {
      GTEST_SKIP() << "needs iproute2";
    }
    if (const std::string hindrance = enter_own_namespace(); !hindrance.empty()) {
      GTEST_SKIP() << "no network namespace of our own: " << hindrance;
    }
    std::vector<std::string> lines = spec_lines();
    if (GetParam().steered) {
      if (const auto can = proxy::can_steer(); !can) {
        GTEST_SKIP() << can.error().context;
      }
      lines.emplace_back("virtualIPs: {mode: steer}");
    }
    cluster_.emplace(GetParam().objects, lines);
  }
  void TearDown() override {
    cluster_.reset();
    setns(home_.get(), CLONE_NEWNET);
  }
  [[nodiscard]] virtual std::vector<std::string> spec_lines() const { return {}; }

  using Places = std::vector<const NetworkNamespace*>;

  Cluster& cluster() { return *cluster_; }
  Node& a() { return cluster_->a(); }
  Node& b() { return cluster_->b(); }
  Pod& pod(const std::string& name, Node& node) { return cluster_->add_pod(name, node); }

  /// The Service shop/web on `kVip`, of the type ClusterIP, whose endpoints come from slices.
  static Json service(const std::string& name = "web", const std::string& ip = kVip) {
    Json object = api_service(name, ip, kPort);
    object["spec"].erase("selector");
    object["spec"]["ports"][0]["targetPort"] = kPodPort;
    return object;
  }
  static Json node_port_service() {
    Json object = service();
    object["spec"]["type"] = "NodePort";
    object["spec"]["ports"][0]["nodePort"] = kNodePort;
    return object;
  }
  void put(const Json& service) { cluster_->control().put_service(service); }
  /// Of these Pods, all on `kPodPort`.
  static Json slice(const std::vector<Member>& members, const std::string& service = "web", bool v6 = false) {
    std::vector<ApiEndpoint> endpoints;
    for (const Member& member : members) {
      endpoints.push_back({member.pod->ip(v6).to_string(), member.conditions});
    }
    Json object = api_slice(service, v6 ? "six" : "four", kPodPort, endpoints);
    object["addressType"] = v6 ? "IPv6" : "IPv4";
    for (std::size_t i = 0; i < members.size(); ++i) {
      object["endpoints"][i]["nodeName"] = members[i].pod->node->name;
      object["endpoints"][i]["targetRef"]["name"] = members[i].pod->name;
    }
    return object;
  }
  void put_pods(const std::vector<Member>& members, const std::string& service = "web", bool v6 = false) {
    cluster_->control().put_slices({slice(members, service, v6)});
  }
  void drop(const std::string& service) { cluster_->control().drop("services", service); }

  static SocketAddress at(const IpAddress& ip, std::uint16_t port) { return {ip, port}; }
  static SocketAddress at(const std::string& ip, std::uint16_t port) { return {IpAddress::parse(ip).value(), port}; }

  /// Who answers 20 connections.
  static std::set<std::string> who(const NetworkNamespace& from, const SocketAddress& to) {
    std::set<std::string> names;
    for (int i = 0; i < 20; ++i) {
      names.insert(dial(from, to).from);
    }
    return names;
  }
  /// True once these and no others answer.
  static bool reaches(const NetworkNamespace& from, const SocketAddress& to, const std::set<std::string>& names) {
    return wait_until([&] { return who(from, to) == names; });
  }
  static bool refuses(const NetworkNamespace& from, const SocketAddress& to) {
    return wait_until([&] { return dial(from, to).refused; });
  }
  static bool drops(const NetworkNamespace& from, const SocketAddress& to) {
    return wait_until([&] { return dial(from, to).dropped; });
  }

  static constexpr const char* kVip = "10.96.0.10";
  static constexpr const char* kVip6 = "fd00:10:96::10";
  static constexpr std::uint16_t kPort = 80;
  static constexpr std::uint16_t kNodePort = 30'377;
  static constexpr std::uint16_t kHealthPort = 30'378;
  inline static const SocketAddress kWeb{IpAddress::parse(kVip).value(), kPort};
  inline static const SocketAddress kWeb6{IpAddress::parse(kVip6).value(), kPort};

 private:
  Fd home_;
  std::optional<Cluster> cluster_;
};

}  // namespace ringway::test
