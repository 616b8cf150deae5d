#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

#include "tests/harness/daemon.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// `policy.bandwidth`. A rate is a lower bound of the time that bytes take: a slow machine breaks none.
namespace ringway::test {
namespace {

constexpr std::uint64_t kBytes = std::uint64_t{3} << 20;
constexpr double kRate = 4 << 20;
/// What may come at once: the burst of 100 ms, and one read.
constexpr double kAtOnce = kRate / 10 + (16 << 10);

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A verified stream of `kBytes` each way.
void exchange(const SocketAddress& vip) {
  TcpClient client(vip);
  const auto outcome = client.exchange(kBytes);
  EXPECT_TRUE(outcome.sent_all && outcome.right);
  EXPECT_EQ(outcome.received, kBytes);
  EXPECT_EQ(outcome.ending, Ending::kFin);
}

TEST(BandwidthTest, of_a_session_holds_for_each_direction_and_loses_nothing) {
  for (const std::string way : {"up", "down"}) {
    const EchoServer server({.mode = Mode::kDuplex, .bytes = kBytes, .at = {}});
    const ServiceSpec web{
        .vip = next_vip(), .endpoints = {server.address()}, .policy = "{bandwidth: {perSession: {" + way + ": 4Mi}}}"};
    const Daemon daemon({.config = web.yaml()});
    const auto start = Clock::now();
    exchange(web.vip);
    // What the client has sent stands in sockets for the most part; what counts is what came.
    EXPECT_TRUE(wait_until([&] { return server.finished() == 1; }));
    EXPECT_GE(seconds_since(start), (kBytes - kAtOnce) / kRate) << way;
    EXPECT_EQ(server.wrong(), 0U);
    const std::string direction = way == "up" ? "upstream" : "downstream";
    const std::string other = way == "up" ? "downstream" : "upstream";
    EXPECT_GT(daemon.metric("ringway_bandwidth_waits_total", {{"direction", direction}}), 0);
    EXPECT_EQ(daemon.metric("ringway_bandwidth_waits_total", {{"direction", other}}), 0);
    EXPECT_GT(daemon.metric("ringway_relay_bytes_total", {{"path", "copy"}}), 0);
    EXPECT_GT(daemon.metric("ringway_relay_bytes_total", {{"path", "splice"}}), 0);
  }
}

TEST(BandwidthTest, of_a_service_is_shared_by_the_sessions_of_all_workers) {
  const EchoServer server({.mode = Mode::kDuplex, .bytes = kBytes, .at = {}});
  const ServiceSpec web{
      .vip = next_vip(), .endpoints = {server.address()}, .policy = "{bandwidth: {service: {down: 4Mi}}}"};
  const Daemon daemon({.config = web.yaml(), .spec_lines = {"workers: 2"}});
  constexpr std::size_t kSessions = 3;
  std::array<double, kSessions> took{};
  const auto start = Clock::now();
  {
    std::vector<std::jthread> clients;
    for (double& mine : took) {
      clients.emplace_back([&] {
        exchange(web.vip);
        mine = seconds_since(start);
      });
    }
  }
  const auto [first, last] = std::ranges::minmax(took);
  EXPECT_GE(last, (kSessions * (kBytes - (16 << 10)) - kAtOnce) / kRate);
  EXPECT_GE(first, last / 2) << "one after the other they would end at a third of the time each";
}

TEST(BandwidthTest, a_pause_is_no_idle_time) {
  const EchoServer server({.mode = Mode::kSink, .at = {}});
  const ServiceSpec web{.vip = next_vip(),
                        .endpoints = {server.address()},
                        .policy = "{idleTimeout: 100ms, bandwidth: {perSession: {up: 64Ki}}}"};
  const Daemon daemon({.config = web.yaml()});
  TcpClient client(web.vip);
  constexpr std::uint64_t kSome = 192 << 10;
  const auto outcome = client.exchange(kSome);
  EXPECT_TRUE(outcome.sent_all);
  EXPECT_EQ(outcome.ending, Ending::kFin);
  EXPECT_TRUE(wait_until([&] { return server.finished() == 1; }));
  EXPECT_GE(server.received_bytes(), kSome) << "it was closed in a pause";
  EXPECT_EQ(server.wrong(), 0U);
}

TEST(BandwidthTest, who_is_idle_behind_a_limit_is_closed_all_the_same) {
  const EchoServer server({.mode = Mode::kEcho, .at = {}});
  const ServiceSpec web{.vip = next_vip(),
                        .endpoints = {server.address()},
                        .policy = "{idleTimeout: 100ms, bandwidth: {perSession: {up: 1Ki}, service: {up: 1Ki}}}"};
  const Daemon daemon({.config = web.yaml()});
  TcpClient client(web.vip);
  EXPECT_TRUE(client.send(std::string(2048, 'x')));
  EXPECT_EQ(client.receive_all().size(), 2048U);
  EXPECT_EQ(client.ending(), Ending::kFin);
}

/// A Service with one session that waits for its bandwidth: for half a minute and more, so that nothing but what a test
/// does ends that.
struct Paused {
  explicit Paused(const std::string& policy) : Paused(policy, "perSession") {}
  Paused(const std::string& policy, const std::string& of_whom)
      : spec{.vip = next_vip(),
             .endpoints = {server.address()},
             .policy = "{" + policy + "bandwidth: {" + of_whom + ": {up: 1Ki}}}"},
        daemon({.config = documents({spec})}),
        client(spec.vip) {
    EXPECT_TRUE(client.send(std::string(kSent, 'x')));
    EXPECT_TRUE(wait_until([&] { return daemon.metric("ringway_bandwidth_waits_total").value_or(0) > 0; }));
  }

  static constexpr std::size_t kSent = 64 << 10;
  EchoServer server{{.mode = Mode::kEcho, .at = {}}};
  ServiceSpec spec;
  Daemon daemon;
  TcpClient client;
};

/// Both sides get FIN, and what had been read has gone through.
void expect_closed(Paused& scene, const std::string& reason) {
  const std::size_t echoed = scene.client.receive_all().size();
  EXPECT_EQ(scene.client.ending(), Ending::kFin);
  EXPECT_GT(echoed, 0U);
  EXPECT_LT(echoed, Paused::kSent) << "it was not paused";
  EXPECT_EQ(scene.server.resets(), 0U);
  scene.client.close();
  EXPECT_TRUE(wait_until(
      [&] { return scene.daemon.metric("ringway_sessions_ended_total", {{"cause", reason}}).value_or(0) == 1; }));
}

TEST(BandwidthTest, a_paused_session_grows_too_old) {
  Paused scene("maxConnectionAge: 500ms, ");
  expect_closed(scene, "maxConnectionAge");
}

TEST(BandwidthTest, a_paused_session_is_drained) {
  Paused scene("drain: {timeout: 300ms}, ");
  scene.spec.endpoints.clear();
  scene.daemon.reconfigure(documents({scene.spec}));
  expect_closed(scene, "drained");
}

TEST(BandwidthTest, a_paused_session_does_not_keep_the_daemon_from_ending) {
  Paused scene("drain: {timeout: 300ms}, ");
  EXPECT_EQ(scene.daemon.stop(), 0);
}

TEST(BandwidthTest, a_reload_that_takes_the_limit_of_a_service_away_lets_its_sessions_go_on) {
  for (const std::string policy : {"{}", "{bandwidth: {service: {up: 10Mi}}}", "{bandwidth: {service: {down: 1Mi}}}"}) {
    Paused scene("", "service");
    EXPECT_LT(scene.server.received_bytes(), Paused::kSent);
    scene.spec.policy = policy;
    scene.daemon.reconfigure(documents({scene.spec}));
    // Half of the pause that was left: nobody had to wait for its end.
    EXPECT_EQ(scene.client.receive(Paused::kSent, scaled(seconds(8))).size(), Paused::kSent) << policy;
  }
}

TEST(BandwidthTest, a_reload_that_raises_the_limit_of_sessions_is_for_new_ones) {
  Paused scene("");
  scene.spec.policy = "{bandwidth: {perSession: {up: 10Mi}}}";
  scene.daemon.reconfigure(documents({scene.spec}));
  TcpClient next(scene.spec.vip);
  EXPECT_TRUE(next.send(std::string(Paused::kSent, 'y')));
  EXPECT_EQ(next.receive(Paused::kSent).size(), Paused::kSent);
  EXPECT_LT(scene.server.received_bytes(), 2 * Paused::kSent);
}

TEST(BandwidthTest, check_and_describe_show_it) {
  const EchoServer server({.mode = Mode::kEcho, .at = {}});
  const ServiceSpec web{.vip = next_vip(),
                        .endpoints = {server.address()},
                        .policy = "{bandwidth: {perSession: {down: 2Mi}, service: {up: 1500k}}}"};
  const Daemon daemon({.config = web.yaml()});
  const std::string described = daemon.cli({"describe", "service", "web"}).out;
  EXPECT_NE(described.find("of a session 2Mi down, of the Service 1500k up; bytes a second"), std::string::npos)
      << described;
  const std::string checked = run({ringway_binary(), "check", "--config", daemon.config_path()}).out;
  EXPECT_NE(checked.find("policy.bandwidth.perSession.down 2Mi bytes a second"), std::string::npos) << checked;
}

}  // namespace
}  // namespace ringway::test
