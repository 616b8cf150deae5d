#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <sstream>

#include "proxy/steer/steering.h"
#include "tests/harness/client_hello.h"
#include "tests/harness/daemon.h"
#include "tests/harness/own_namespace.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// virtualIPs.mode steer, in a network namespace of our own.
namespace ringway::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSteer = "virtualIPs: {mode: steer}";

/// Listening TCP sockets of this thread's network namespace, of both families.
std::size_t listening_sockets() {
  std::size_t count = 0;
  for (const char* file : {"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"}) {
    std::istringstream lines(read_file(file));
    for (std::string line; std::getline(lines, line);) {
      count += line.find(" 0A ") != std::string::npos ? 1 : 0;
    }
  }
  return count;
}

class SteerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    before_ = Fd(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (const std::string hindrance = enter_own_namespace(); !hindrance.empty()) {
      GTEST_SKIP() << "no network namespace of our own: " << hindrance;
    }
    if (const auto steering = proxy::Steering::open(); !steering) {
      GTEST_SKIP() << steering.error().context;
    }
    for (const char* name : {"one", "two"}) {
      servers_.push_back(std::make_unique<EchoServer>(ServerOptions{.name = name, .at = {}}));
    }
  }
  void TearDown() override { setns(before_.get(), CLONE_NEWNET); }

  [[nodiscard]] ServiceSpec service(std::size_t server, const std::string& ip) const {
    return {.name = server == 0 ? "one" : "two",
            .vip = {IpAddress::parse(ip).value(), kVipPort},
            .endpoints = {servers_[server]->address()},
            .policy = "{drain: {timeout: 1s}}"};
  }

  Fd before_;
  std::vector<std::unique_ptr<EchoServer>> servers_;
};

TEST_F(SteerTest, each_address_reaches_its_own_service) {
  auto four = service(0, "127.96.0.1");
  auto other = service(1, "10.77.0.1");
  auto six = service(1, "fd00:77::1");
  six.name = "six";
  const Daemon daemon({.config = documents({four, other, six}), .spec_lines = {kSteer}});
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(TcpClient(four.vip).receive(4), "one\n");
    EXPECT_EQ(TcpClient(other.vip).receive(4), "two\n");
    EXPECT_EQ(TcpClient(six.vip).receive(4), "two\n");
  }
  EXPECT_EQ(daemon.metric("ringway_steered_addresses"), 3);
  EXPECT_EQ(daemon.metric("ringway_steer_fallback"), 0);
  EXPECT_THAT(daemon.get("/api/v1/version").body, HasSubstr(R"("steering":true)"));
  EXPECT_TRUE(wait_until([&] { return daemon.metric("ringway_connections_total", {{"service", "one"}}) == 20; }));
}

TEST_F(SteerTest, what_no_service_has_is_refused_by_the_kernel) {
  const auto web = service(0, "127.96.0.1");
  const Daemon daemon({.config = documents({web}), .spec_lines = {kSteer}});
  EXPECT_EQ(TcpClient({web.vip.ip(), kVipPort + 1}).error(), ECONNREFUSED);
  EXPECT_EQ(TcpClient({IpAddress::parse("127.96.0.2").value(), kVipPort}).error(), ECONNREFUSED);
  EXPECT_EQ(daemon.metric("ringway_rejected_total"), 0);
}

TEST_F(SteerTest, a_service_that_comes_or_goes_opens_and_closes_no_socket) {
  const auto one = service(0, "127.96.0.1");
  const auto two = service(1, "10.77.0.1");
  Daemon daemon({.config = documents({one}), .spec_lines = {kSteer}});
  const std::size_t sockets = listening_sockets();
  TcpClient stays(one.vip);
  EXPECT_EQ(stays.receive(4), "one\n");
  daemon.reconfigure(documents({one, two}));
  EXPECT_EQ(TcpClient(two.vip).receive(4), "two\n");
  EXPECT_EQ(listening_sockets(), sockets);
  daemon.reconfigure(documents({one}));
  EXPECT_EQ(TcpClient(two.vip).error(), ECONNREFUSED);
  EXPECT_EQ(TcpClient(one.vip).receive(4), "one\n");
  EXPECT_EQ(listening_sockets(), sockets);
  EXPECT_TRUE(stays.send("still") && stays.receive(5) == "still");
}

TEST_F(SteerTest, a_service_without_endpoints_is_refused_until_it_has_one) {
  auto web = service(0, "127.96.0.1");
  auto empty = web;
  empty.endpoints.clear();
  Daemon daemon({.config = documents({web}), .spec_lines = {kSteer}});
  EXPECT_EQ(TcpClient(web.vip).receive(4), "one\n");
  daemon.reconfigure(documents({empty}));
  EXPECT_EQ(TcpClient(web.vip).error(), ECONNREFUSED);
  daemon.reconfigure(documents({web}));
  EXPECT_EQ(TcpClient(web.vip).receive(4), "one\n");
}

TEST_F(SteerTest, a_port_serves_while_one_of_its_routes_does_and_is_silent_where_all_are_on_other_nodes) {
  auto web = service(0, "127.96.0.1");
  web.endpoints = {servers_[1]->address()};
  web.policy =
      R"({selector: "tier=none", sni: {timeout: 10ms, routes: [{names: [shop.example], selector: "tier=shop"}]}})";
  web.labels = {"tier: shop"};
  web.nodes = {"here"};
  web.spec = {"internalTrafficPolicy: Local"};
  Daemon daemon({.config = documents({web}), .spec_lines = {kSteer, "node: {name: here}"}});
  const std::string hello = client_hello("shop.example");
  TcpClient client(web.vip);
  EXPECT_TRUE(client.send(hello));
  EXPECT_EQ(client.receive(4), "two\n");
  web.nodes = {"there"};
  daemon.reconfigure(documents({web}));
  EXPECT_EQ(TcpClient(web.vip, milliseconds(200)).error(), ETIMEDOUT);
  EXPECT_THAT(daemon.cli({"describe", "service", "one"}).out, HasSubstr("drops"));
  web.endpoints.clear();
  daemon.reconfigure(documents({web}));
  EXPECT_EQ(TcpClient(web.vip).error(), ECONNREFUSED);
  web.endpoints = {servers_[1]->address()};
  daemon.reconfigure(documents({web}));
  EXPECT_EQ(TcpClient(web.vip, milliseconds(200)).error(), ETIMEDOUT);
  web.nodes = {"here"};
  daemon.reconfigure(documents({web}));
  TcpClient again(web.vip);
  EXPECT_TRUE(again.send(hello));
  EXPECT_EQ(again.receive(4), "two\n");
}

TEST_F(SteerTest, an_address_that_moves_to_another_service_reaches_that_one) {
  auto web = service(0, "127.96.0.1");
  Daemon daemon({.config = documents({web}), .spec_lines = {kSteer}});
  EXPECT_EQ(TcpClient(web.vip).receive(4), "one\n");
  web.name = "another";
  web.endpoints = {servers_[1]->address()};
  daemon.reconfigure(documents({web}));
  EXPECT_EQ(TcpClient(web.vip).receive(4), "two\n");
}

TEST_F(SteerTest, an_address_that_another_process_listens_on_is_not_taken_from_it) {
  const auto web = service(0, "127.96.0.1");
  const EchoServer other({.name = "other", .at = web.vip});
  Daemon daemon({.config = documents({web}), .spec_lines = {kSteer}, .wait_ready = false});
  EXPECT_EQ(daemon.process().wait(), 1);
  EXPECT_THAT(daemon.log(), HasSubstr("another process has it"));
  EXPECT_EQ(TcpClient(web.vip).receive(6), "other\n");
}

TEST_F(SteerTest, an_address_that_another_daemon_steers_is_not_taken_from_it) {
  const auto one = service(0, "127.96.0.1");
  auto same = service(1, "127.96.0.1");
  const auto two = service(1, "127.96.0.2");
  const Daemon first({.config = documents({one}), .spec_lines = {kSteer}});
  Daemon second({.config = documents({two}), .spec_lines = {kSteer}});
  EXPECT_EQ(TcpClient(one.vip).receive(4), "one\n");
  EXPECT_EQ(TcpClient(two.vip).receive(4), "two\n");
  second.write_config(documents({same}));
  const Outcome outcome = second.reload();
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("another process steers it already"));
  EXPECT_EQ(TcpClient(one.vip).receive(4), "one\n");
}

TEST_F(SteerTest, a_killed_daemon_steers_no_more) {
  const auto web = service(0, "127.96.0.1");
  Daemon daemon({.config = documents({web}), .spec_lines = {kSteer}});
  EXPECT_EQ(TcpClient(web.vip).receive(4), "one\n");
  daemon.kill();
  EXPECT_TRUE(wait_until([&] { return TcpClient(web.vip).error() == ECONNREFUSED; }));
  daemon.start();
  EXPECT_EQ(TcpClient(web.vip).receive(4), "one\n");
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(TcpClient(web.vip).error(), ECONNREFUSED);
}

TEST_F(SteerTest, without_the_right_to_it_each_address_has_sockets_of_its_own) {
  const auto one = service(0, "127.96.0.1");
  const auto two = service(1, "127.96.0.2");
  Daemon daemon({.config = documents({one}), .spec_lines = {kSteer}, .without_capabilities = true});
  EXPECT_EQ(TcpClient(one.vip).receive(4), "one\n");
  const std::size_t sockets = listening_sockets();
  daemon.reconfigure(documents({one, two}));
  EXPECT_EQ(TcpClient(two.vip).receive(4), "two\n");
  EXPECT_GT(listening_sockets(), sockets);
  EXPECT_EQ(daemon.metric("ringway_steer_fallback"), 1);
  EXPECT_THAT(daemon.log(), HasSubstr("virtualIPs.mode steer cannot be used"));
  EXPECT_THAT(daemon.log(), HasSubstr("CAP_BPF"));
  EXPECT_THAT(daemon.get("/api/v1/version").body, HasSubstr("CAP_BPF"));
}

}  // namespace
}  // namespace ringway::test
