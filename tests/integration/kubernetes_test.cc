#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/harness/daemon.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"
#include "tests/kubernetes/server/api_server.h"
#include "tests/kubernetes/server/api_text.h"

/// The daemon beside a stand-in for a Kubernetes API server.
namespace ringway::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class KubernetesTest : public ::testing::Test {
 protected:
  void SetUp() override { write_kubeconfig(api_.kubeconfig("{token: let-me-in}")); }

  void write_kubeconfig(const std::string& text) { std::ofstream(folder_ / "kubeconfig") << text; }
  [[nodiscard]] DaemonOptions options(const std::string& config = "", bool wait_ready = true) const {
    return {.config = config,
            .spec_lines = {"node: {name: node-a}",
                           "discovery: {kubernetes: {kubeconfig: \"" + (folder_ / "kubeconfig") + "\"}}"},
            .wait_ready = wait_ready};
  }
  static std::string greeting(const SocketAddress& vip) {
    TcpClient client(vip);
    return client.receive(8, milliseconds(1000));
  }
  static bool greets(const SocketAddress& vip, const std::string& name) {
    return wait_until([&] { return greeting(vip) == name; });
  }
  void put_slice(const std::string& service, const EchoServer& server) {
    api_.put("endpointslices", api_slice(service, "1", server.address().port(), {{server.address().ip().to_string()}}));
  }

  TemporaryFolder folder_;
  ApiServer api_{{.tls = true}};
  SocketAddress vip_ = next_vip();
  EchoServer one_{{.name = "server-1", .at = {}}};
  EchoServer two_{{.name = "server-2", .at = {}}};
};

TEST_F(KubernetesTest, services_of_the_api_are_bound_and_relayed_and_follow_it) {
  api_.put("services", api_service("web", vip_.ip().to_string(), vip_.port()));
  put_slice("web", one_);
  Daemon daemon(options());
  EXPECT_TRUE(greets(vip_, "server-1"));
  EXPECT_THAT(daemon.cli({"get", "services", "-A"}).out, HasSubstr("web"));
  EXPECT_THAT(daemon.get("/readyz?verbose").body, HasSubstr("[+]source-kubernetes ok"));
  EXPECT_EQ(daemon.metric("ringway_discovery_synced", {{"provider", "kubernetes"}}), 1);
  EXPECT_GE(daemon.metric("ringway_discovery_events_total", {{"provider", "kubernetes"}}).value_or(0), 2);

  put_slice("web", two_);
  EXPECT_TRUE(greets(vip_, "server-2"));
  const SocketAddress other = next_vip();
  api_.put("services", api_service("late", other.ip().to_string(), other.port()));
  api_.put("endpointslices", api_slice("late", "1", one_.address().port(), {{one_.address().ip().to_string()}}));
  EXPECT_TRUE(greets(other, "server-1"));
  api_.drop("services", "shop/late");
  EXPECT_TRUE(wait_until([&] { return daemon.cli({"get", "services", "-A"}).out.find("late") == std::string::npos; }));
  EXPECT_EQ(greeting(other), "");
  EXPECT_EQ(greeting(vip_), "server-2");
}

TEST_F(KubernetesTest, what_was_known_serves_on_while_the_api_is_away) {
  api_.put("services", api_service("web", vip_.ip().to_string(), vip_.port()));
  put_slice("web", one_);
  Daemon daemon(options());
  ASSERT_TRUE(greets(vip_, "server-1"));
  api_.stop();
  EXPECT_TRUE(
      wait_until([&] { return daemon.get("/readyz?verbose").body.find("not connected") != std::string::npos; }));
  EXPECT_TRUE(daemon.ready());
  EXPECT_EQ(greeting(vip_), "server-1");
  api_.compact();
  put_slice("web", two_);
  api_.start();
  EXPECT_TRUE(greets(vip_, "server-2"));
  EXPECT_TRUE(
      wait_until([&] { return daemon.get("/readyz?verbose").body.find("not connected") == std::string::npos; }));
}

TEST_F(KubernetesTest, one_bad_service_is_refused_alone) {
  const std::string taken = next_vip_ip().to_string();
  const EchoServer stranger({.name = "stranger", .at = {IpAddress::parse(taken).value(), 0}});
  api_.put("services", api_service("bad", taken, stranger.address().port()));
  api_.put("services", api_service("odd", next_vip_ip().to_string(), 80, "{balanser: random}"));
  api_.put("services", api_service("web", vip_.ip().to_string(), vip_.port()));
  put_slice("web", one_);
  Daemon daemon(options());
  EXPECT_TRUE(greets(vip_, "server-1"));
  EXPECT_THAT(daemon.log(), HasSubstr("service shop/bad of the cluster does not run: "));
  EXPECT_THAT(daemon.log(), HasSubstr("did you mean 'balancer'"));
  EXPECT_THAT(daemon.cli({"get", "services", "-A"}).out, Not(HasSubstr("bad")));
}

TEST_F(KubernetesTest, files_go_before_the_cluster) {
  const ServiceSpec own = {.name = "own", .vip = vip_, .endpoints = {two_.address()}};
  api_.put("services", api_service("web", vip_.ip().to_string(), vip_.port()));
  put_slice("web", one_);
  Daemon daemon(options(documents({own})));
  EXPECT_TRUE(greets(vip_, "server-2"));
  EXPECT_TRUE(wait_until([&] { return daemon.log().find("belongs to Service default/own") != std::string::npos; }));
  daemon.reconfigure("");
  EXPECT_TRUE(greets(vip_, "server-1"));
  daemon.reconfigure(documents({own}));
  EXPECT_TRUE(greets(vip_, "server-2"));
}

TEST_F(KubernetesTest, a_provider_that_has_not_listed_is_named_and_the_files_serve) {
  api_.answer("/api/v1/services", http_answer(403, recorded("v1.36/error-403-nobody.json")), 1'000'000);
  const ServiceSpec own = {.name = "own", .vip = vip_, .endpoints = {one_.address()}};
  Daemon daemon(options(documents({own}), false));
  EXPECT_TRUE(greets(vip_, "server-1"));
  EXPECT_TRUE(wait_until([&] {
    const std::string text = daemon.get("/readyz?verbose").body;
    return text.find("[-]source-kubernetes failed: has not listed yet: ") != std::string::npos &&
           text.find("User \"nobody\" cannot list resource") != std::string::npos;
  })) << daemon.get("/readyz?verbose").body;
}

TEST_F(KubernetesTest, pods_are_asked_for_only_where_a_policy_selects_them) {
  api_.put("services", api_service("web", vip_.ip().to_string(), vip_.port()));
  put_slice("web", one_);
  Daemon daemon(options());
  ASSERT_TRUE(greets(vip_, "server-1"));
  EXPECT_EQ(api_.asked("/pods"), 0U);
  api_.put("pods", {{"metadata", {{"name", "p"}, {"namespace", "shop"}, {"labels", {{"tier", "x"}}}}},
                    {"spec", {{"nodeName", "node-a"}}},
                    {"status", {{"podIP", two_.address().ip().to_string()}, {"phase", "Running"}}}});
  auto service = api_service("web", vip_.ip().to_string(), vip_.port(), "selector: \"tier in (x, y)\"");
  service["spec"]["ports"][0]["targetPort"] = two_.address().port();
  api_.put("services", service);
  EXPECT_TRUE(greets(vip_, "server-2"));
  EXPECT_GT(api_.asked("/pods"), 0U);
}

}  // namespace
}  // namespace ringway::test
