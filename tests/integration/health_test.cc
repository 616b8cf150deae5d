#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/harness/daemon.h"
#include "tests/harness/load.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// Active health checks, as clients of the Service see them.
namespace ringway::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kHttpCheck =
    "{balancer: roundRobin, healthCheck: {http: {path: /healthz}, interval: 100ms, timeout: 2s, rise: 1, fall: 2}}";

struct Scene {
  explicit Scene(const std::string& policy, Mode mode = Mode::kHttp)
      : servers(start_servers(2, mode)),
        daemon({.config = documents({{.vip = vip, .endpoints = addresses_of(servers), .policy = policy}})}) {}

  /// The name of the server that answers a new connection; "" where none does.
  [[nodiscard]] std::string who() const {
    const std::string body = http(vip.to_string(), "GET", "/").body;
    return body.substr(0, body.find('\n'));
  }
  /// Whether `count` new connections in a row all go to one of `names`, and to each of them.
  [[nodiscard]] bool served_by(const std::set<std::string>& names, int count = 12) const {
    std::set<std::string> seen;
    for (int i = 0; i < count; ++i) {
      seen.insert(who());
    }
    return seen == names;
  }
  [[nodiscard]] double up(std::size_t server) const {
    return daemon.metric("ringway_endpoint_up", {{"endpoint", servers[server]->address().to_string()}}).value_or(-1);
  }

  SocketAddress vip = next_vip();
  std::vector<std::unique_ptr<EchoServer>> servers;
  Daemon daemon;
};

TEST(HealthTest, an_endpoint_that_fails_its_check_gets_no_connection_until_it_is_well) {
  Scene scene(kHttpCheck);
  EXPECT_TRUE(wait_until([&] { return scene.served_by({"server-0", "server-1"}); }));
  scene.servers[0]->set_healthy(false);
  EXPECT_TRUE(wait_until([&] { return scene.up(0) == 0; }));
  EXPECT_TRUE(wait_until([&] { return scene.served_by({"server-1"}); }));
  EXPECT_EQ(scene.up(1), 1);
  scene.servers[0]->set_healthy(true);
  EXPECT_TRUE(wait_until([&] { return scene.served_by({"server-0", "server-1"}); }));
  EXPECT_EQ(scene.up(0), 1);
}

TEST(HealthTest, the_reason_is_shown) {
  Scene scene(kHttpCheck);
  scene.servers[0]->set_healthy(false);
  EXPECT_TRUE(wait_until([&] { return scene.up(0) == 0; }));
  const Outcome outcome = scene.daemon.cli({"describe", "service", "web"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("503"));
  EXPECT_THAT(outcome.out, HasSubstr(scene.servers[0]->address().to_string()));
}

TEST(HealthTest, a_grpc_check_is_shown_with_what_it_came_to) {
  const Scene scene("{healthCheck: {grpc: {service: shop.Cart}, interval: 100ms, fall: 1}}");
  EXPECT_TRUE(wait_until([&] { return scene.up(0) == 0 && scene.up(1) == 0; })) << "the servers talk HTTP/1.1";
  const std::string described = scene.daemon.cli({"describe", "service", "web"}).out;
  EXPECT_THAT(described, HasSubstr("gRPC health of shop.Cart, every 100ms"));
  EXPECT_THAT(described, HasSubstr("HTTP/1, where HTTP/2 without TLS"));
  EXPECT_THAT(scene.daemon.cli({"get", "services", "-o", "yaml"}).out, HasSubstr("service: shop.Cart"));
}

TEST(HealthTest, when_all_are_down_all_are_used) {
  Scene scene(kHttpCheck);
  EXPECT_TRUE(wait_until([&] { return scene.up(0) == 1 && scene.up(1) == 1; }));
  scene.servers[0]->set_healthy(false);
  scene.servers[1]->set_healthy(false);
  EXPECT_TRUE(wait_until([&] { return scene.up(0) == 0 && scene.up(1) == 0; }));
  EXPECT_TRUE(wait_until([&] { return scene.served_by({"server-0", "server-1"}); })) << "panic mode serves from all";
  EXPECT_TRUE(wait_until([&] { return scene.daemon.log().find("no healthy endpoint") != std::string::npos; }))
      << "and says so";
  scene.servers[1]->set_healthy(true);
  EXPECT_TRUE(wait_until([&] { return scene.served_by({"server-1"}); })) << "and ends with the first that is well";
}

TEST(HealthTest, a_tcp_check_sees_a_server_go_and_come_back) {
  Scene scene("{healthCheck: {tcp: {}, interval: 100ms, rise: 1, fall: 1}}");
  EXPECT_TRUE(wait_until([&] { return scene.up(0) == 1 && scene.up(1) == 1; }));
  const SocketAddress at = scene.servers[0]->address();
  scene.servers[0].reset();
  EXPECT_TRUE(
      wait_until([&] { return scene.daemon.metric("ringway_endpoint_up", {{"endpoint", at.to_string()}}) == 0; }));
  scene.servers[0] = std::make_unique<EchoServer>(ServerOptions{.mode = Mode::kHttp, .name = "server-0", .at = at});
  EXPECT_TRUE(wait_until([&] { return scene.up(0) == 1; }));
  EXPECT_TRUE(wait_until([&] { return scene.served_by({"server-0", "server-1"}); }));
}

TEST(HealthTest, on_down_sessions_are_kept_or_closed_as_the_policy_says) {
  for (const bool closes : {false, true}) {
    Scene scene(
        std::string(R"({healthCheck: {http: {path: /healthz}, interval: 100ms, timeout: 2s, rise: 1, fall: 1})") +
        (closes ? ", onDown: closeSessions}" : "}"));
    EXPECT_TRUE(wait_until([&] { return scene.up(0) == 1 && scene.up(1) == 1; }));
    TcpClient client(scene.vip);
    const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    ASSERT_TRUE(client.send(request));
    std::string answer;
    ASSERT_TRUE(
        wait_until([&] { return (answer += client.receive(1)).ends_with("-0\n") || answer.ends_with("-1\n"); }));
    const std::size_t server = answer.ends_with("-0\n") ? 0 : 1;
    scene.servers[server]->set_healthy(false);
    ASSERT_TRUE(wait_until([&] { return scene.up(server) == 0; }));
    if (closes) {
      EXPECT_EQ(client.receive_all(), "");
      EXPECT_TRUE(client.ending() == Ending::kFin || client.ending() == Ending::kReset);
    } else {
      EXPECT_TRUE(client.send(request));
      EXPECT_EQ(client.receive(answer.size()), answer);
    }
  }
}

TEST(HealthTest, an_endpoint_that_sessions_fail_with_is_ejected_and_comes_back) {
  Scene scene(
      "{balancer: roundRobin, connect: {attempts: 1}, outlierDetection: {connectFailures: 1, ejection: 300ms}}");
  const SocketAddress at = scene.servers[0]->address();
  scene.servers[0].reset();
  EXPECT_TRUE(wait_until([&] { return scene.who().empty(); }));
  EXPECT_TRUE(wait_until([&] {
    return scene.daemon.metric("ringway_ejections_total", {{"endpoint", at.to_string()}, {"reason", "connectFailures"}})
               .value_or(0) >= 1;
  }));
  EXPECT_THAT(scene.daemon.log(), HasSubstr("endpoint " + at.to_string()));
  EXPECT_THAT(scene.daemon.log(), HasSubstr("connects in a row failed"));
  scene.servers[0] = std::make_unique<EchoServer>(ServerOptions{.mode = Mode::kHttp, .name = "server-0", .at = at});
  EXPECT_TRUE(wait_until([&] { return scene.served_by({"server-0", "server-1"}); }));
}

TEST(HealthTest, a_dying_server_costs_no_client_a_failure) {
  const auto vip = next_vip();
  auto servers = start_servers(3);
  const Daemon daemon(
      {.config = documents({{.vip = vip,
                             .endpoints = addresses_of(servers),
                             .policy = "{healthCheck: {tcp: {}, interval: 100ms, rise: 1, fall: 1}}"}})});
  Load load({.to = vip, .short_lived = 6, .pace = {.round_bytes = 200}});
  ASSERT_TRUE(wait_until([&] { return load.report().finished > 100; }));
  const std::string gone = servers[1]->name();
  servers[1].reset();
  const std::uint64_t then = load.report().finished;
  ASSERT_TRUE(wait_until([&] { return load.report().finished > then + 500; }));
  LoadReport report = load.stop();
  report.failures.erase("reset@" + gone);  // those that were in its hands when it died
  // Accepted by the dying server's backlog, and so no longer ours to retry.
  report.failures.erase("reset");
  EXPECT_THAT(report.failures, ::testing::IsEmpty()) << report.failures_text();
}

}  // namespace
}  // namespace ringway::test
