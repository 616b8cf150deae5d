#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "tests/harness/daemon.h"
#include "tests/harness/load.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// What a client sees when endpoints do not answer: nothing, as long as one does.
namespace ringway::test {
namespace {

using ::testing::IsEmpty;

TEST(ConnectTest, a_refused_connect_is_retried_on_another_endpoint) {
  const auto vip = next_vip();
  EchoServer server({.name = "good", .at = {}});
  const Daemon daemon({.config = documents({{.vip = vip,
                                             .endpoints = {refusing_endpoint(), server.address(), refusing_endpoint()},
                                             .policy = "{balancer: roundRobin, connect: {attempts: 3}}"}})});
  Load load({.to = vip, .short_lived = 4, .pace = {.round_bytes = 100}, .limit = 200});
  const LoadReport report = load.finish(kPatience);
  EXPECT_EQ(report.finished, 200U);
  EXPECT_THAT(report.failures, IsEmpty()) << report.failures_text();
  EXPECT_GE(daemon.metric("ringway_connect_retries_total").value_or(0), 2);
  EXPECT_GE(daemon.metric("ringway_connect_failures_total").value_or(0), 2);
}

TEST(ConnectTest, a_connect_that_is_not_answered_is_retried_on_another_endpoint) {
  const auto vip = next_vip();
  EchoServer mute({.mode = Mode::kNeverAccept, .at = {}});
  EchoServer server({.name = "good", .at = {}});
  const Daemon daemon(
      {.config = documents({{.vip = vip,
                             .endpoints = {mute.address(), server.address()},
                             .policy = "{balancer: roundRobin, connect: {timeout: 200ms, attempts: 2}}"}})});
  Load load({.to = vip, .short_lived = 4, .pace = {.round_bytes = 100}, .limit = 20});
  const LoadReport report = load.finish(kPatience);
  EXPECT_EQ(report.finished, 20U);
  EXPECT_THAT(report.failures, IsEmpty()) << report.failures_text();
  EXPECT_GE(daemon.metric("ringway_connect_retries_total").value_or(0), 1);
}

TEST(ConnectTest, what_the_client_said_meanwhile_reaches_the_endpoint_that_answers) {
  const auto vip = next_vip();
  EchoServer mute({.mode = Mode::kNeverAccept, .at = {}});
  EchoServer server({.mode = Mode::kEcho, .at = {}});
  const Daemon daemon(
      {.config = documents({{.vip = vip,
                             .endpoints = {mute.address(), server.address()},
                             .policy = "{balancer: roundRobin, connect: {timeout: 300ms, attempts: 2}}"}})});
  for (int i = 0; i < 4; ++i) {
    TcpClient client(vip);
    ASSERT_TRUE(client.send("said early"));
    client.finish();
    EXPECT_EQ(client.receive_all(), "said early");
    EXPECT_EQ(client.ending(), Ending::kFin);
  }
}

TEST(ConnectTest, without_an_endpoint_a_connection_is_refused_at_once) {
  const auto vip = next_vip();
  const Daemon daemon({.config = documents({{.vip = vip}})});
  TcpClient client(vip);
  EXPECT_EQ(client.error(), ECONNREFUSED);
}

TEST(ConnectTest, who_is_not_let_in_is_reset_and_counted_by_reason) {
  const auto vip = next_vip();
  EchoServer server({.name = "good", .at = {}});
  const Daemon daemon({.config = documents({{.vip = vip,
                                             .endpoints = {server.address()},
                                             .policy = "{access: {allow: [10.0.0.0/8], deny: [10.1.0.0/16]}}"}})});
  TcpClient client(vip);
  EXPECT_TRUE(client.error() == ECONNRESET || client.receive_all().empty());
  EXPECT_TRUE(wait_until([&] { return daemon.metric("ringway_rejected_total", {{"reason", "denied"}}) == 1; }));
  EXPECT_EQ(server.accepted(), 0);
}

/// All threads of a process: a signal does not stop them at once (proc(5), the state after the name).
bool is_stopped(pid_t pid) {
  const auto tasks = std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task");
  return std::ranges::all_of(tasks, [](const auto& task) {
    const std::string stat = read_file(task.path() / "stat");
    return stat.find(") T ") != std::string::npos;
  });
}

/// A client whom nobody can name any more, for it was reset before it was accepted; what it had said is there still.
void come_and_go_unseen(Daemon& daemon, const SocketAddress& vip) {
  daemon.signal(SIGSTOP);
  ASSERT_TRUE(wait_until([&] { return is_stopped(daemon.process().pid()); }));
  TcpClient client(vip);
  EXPECT_TRUE(client.connected() && client.send("word"));
  client.reset();
  daemon.signal(SIGCONT);
}

TEST(ConnectTest, a_client_that_was_reset_before_it_was_accepted_gets_past_no_list) {
  constexpr int kClients = 5;
  EchoServer closed({.mode = Mode::kSilent, .at = {}});
  EchoServer open({.mode = Mode::kSilent, .at = {}});
  const std::vector<ServiceSpec> services = {{.name = "denied",
                                              .vip = next_vip(),
                                              .endpoints = {closed.address()},
                                              .policy = "{access: {deny: [127.0.0.0/8]}}"},
                                             {.name = "limited",
                                              .vip = next_vip(),
                                              .endpoints = {closed.address()},
                                              .policy = "{perClient: {maxConnections: 100}}"},
                                             {.name = "open", .vip = next_vip(), .endpoints = {open.address()}}};
  Daemon daemon({.config = documents(services)});
  for (int i = 0; i < kClients; ++i) {
    for (const ServiceSpec& service : services) {
      come_and_go_unseen(daemon, service.vip);
    }
  }
  for (const ServiceSpec& service : services) {
    EXPECT_TRUE(wait_until([&] {
      return daemon.metric("ringway_sessions_ended_total", {{"service", service.name}, {"cause", "clientReset"}}) ==
             kClients;
    })) << service.name;
  }
  EXPECT_EQ(closed.accepted(), 0);
  EXPECT_TRUE(wait_until([&] { return open.received_bytes() == kClients * 4; }))
      << "without a list what they had said arrives, so there was something to keep out: " << open.received_bytes();
}

TEST(ConnectTest, when_every_attempt_fails_the_client_is_reset) {
  const auto vip = next_vip();
  const Daemon daemon({.config = documents({{.vip = vip,
                                             .endpoints = {refusing_endpoint(), refusing_endpoint()},
                                             .policy = "{connect: {attempts: 3}}"}})});
  TcpClient client(vip);
  if (client.connected()) {
    EXPECT_EQ(client.receive_all(), "");
    EXPECT_EQ(client.ending(), Ending::kReset);
  }
}

TEST(ConnectTest, endpoints_come_and_go_with_the_configuration) {
  const ServiceSpec none{.vip = next_vip()};
  EchoServer server({.name = "late", .at = {}});
  ServiceSpec one = none;
  one.endpoints = {server.address()};
  Daemon daemon({.config = documents({none})});
  ASSERT_EQ(TcpClient(none.vip).error(), ECONNREFUSED);
  daemon.reconfigure(documents({one}));
  ASSERT_TRUE(wait_until([&] { return TcpClient(none.vip).receive(5) == "late\n"; }));
  daemon.reconfigure(documents({none}));
  EXPECT_TRUE(wait_until([&] { return TcpClient(none.vip).error() == ECONNREFUSED; }));
}

}  // namespace
}  // namespace ringway::test
