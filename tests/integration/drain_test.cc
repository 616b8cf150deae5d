#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "tests/harness/daemon.h"
#include "tests/harness/places.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// Endpoints that leave: what becomes of their sessions, and drains by hand that outlive the daemon.
namespace ringway::test {
namespace {

using ::testing::HasSubstr;

/// A Service whose one endpoint leaves, with a session on it.
struct Leaving {
  Leaving(const std::string& on_end, Mode mode)
      : server({.mode = mode, .at = {}}),
        spec{.vip = next_vip(),
             .endpoints = {server.address()},
             .policy = "{drain: {timeout: 300ms, onEnd: " + on_end + "}}"},
        daemon({.config = documents({spec})}),
        client(spec.vip) {
    EXPECT_TRUE(wait_until([&] { return server.open() == 1; }));
    spec.endpoints.clear();
    daemon.reconfigure(documents({spec}));
  }

  EchoServer server;
  ServiceSpec spec;
  Daemon daemon;
  TcpClient client;
};

TEST(DrainTest, on_end_close_says_fin_and_resets_who_does_not_answer) {
  Leaving scene("close", Mode::kSilent);
  EXPECT_EQ(scene.client.receive_all(), "");
  EXPECT_EQ(scene.client.ending(), Ending::kFin);
  EXPECT_EQ(scene.server.resets(), 0U) << "a server that is silent has time to answer";
  EXPECT_TRUE(wait_until([&] { return scene.server.resets() == 1; })) << "but no more than the grace";
}

TEST(DrainTest, on_end_reset_resets_both_sides_at_once) {
  Leaving scene("reset", Mode::kSilent);
  EXPECT_EQ(scene.client.receive_all(), "");
  EXPECT_EQ(scene.client.ending(), Ending::kReset);
  EXPECT_TRUE(wait_until([&] { return scene.server.resets() == 1; }));
}

TEST(DrainTest, on_end_keep_leaves_sessions_alone) {
  Leaving scene("keep", Mode::kEcho);
  EXPECT_TRUE(wait_until(
      [&] { return scene.daemon.cli({"get", "endpoints"}).out.find("its sessions are kept") != std::string::npos; }));
  EXPECT_TRUE(scene.client.send("still") && scene.client.receive(5) == "still");
}

std::string service(const SocketAddress& vip) {
  return "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: " + vip.ip().to_string() +
         ", selector: {app: web}, ports: [{port: " + std::to_string(vip.port()) + ", targetPort: http}]}\n";
}

std::string pod(const std::string& name, const SocketAddress& address) {
  return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + name +
         ", labels: {app: web}}\nspec: {containers: [{name: c, ports: [{name: http, containerPort: " +
         std::to_string(address.port()) + "}]}]}\nstatus: {podIP: " + address.ip().to_string() + "}\n";
}

/// Who greets within 20 connections.
std::set<std::string> greeters(const SocketAddress& vip) {
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    seen.insert(TcpClient(vip).receive(9));
  }
  return seen;
}

class PersistedDrain : public testing::Test {
 protected:
  void start(const std::string& state_directory) {
    daemon_ = std::make_unique<Daemon>(
        DaemonOptions{.config = service(vip_) + pod("one", servers_[0]->address()) + pod("two", servers_[1]->address()),
                      .spec_lines = {"stateDirectory: " + state_directory}});
  }

  TemporaryFolder folder_;
  SocketAddress vip_ = next_vip();
  std::vector<std::unique_ptr<EchoServer>> servers_ = start_servers(4);
  std::unique_ptr<Daemon> daemon_;
};

TEST_F(PersistedDrain, outlives_a_killed_daemon_for_a_workload_that_comes_back_and_for_no_other) {
  start(folder_ / "state");
  EXPECT_EQ(greeters(vip_), (std::set<std::string>{"server-0\n", "server-1\n"}));
  const Outcome by_name = daemon_->cli({"drain", "one", "--persist"});
  ASSERT_EQ(by_name.status, 0) << by_name.err;
  const Outcome by_address = daemon_->cli({"drain", servers_[1]->address().to_string(), "--persist"});
  ASSERT_EQ(by_address.status, 0) << by_address.err;
  daemon_->kill();
  // One comes back at another address; two does not, and another Pod has its address.
  daemon_->write_config(service(vip_) + pod("one", servers_[2]->address()) + pod("heir", servers_[1]->address()) +
                        pod("three", servers_[3]->address()));
  daemon_->start();
  EXPECT_EQ(greeters(vip_), (std::set<std::string>{"server-1\n", "server-3\n"}));
  EXPECT_THAT(daemon_->cli({"get", "endpoints"}).out, HasSubstr("drained by hand (persisted)"));
  EXPECT_THAT(daemon_->cli({"describe", "service", "web"}).out, HasSubstr("drained by hand (persisted)"));
  EXPECT_THAT(daemon_->log(), HasSubstr("drained by hand (persisted): default/one, " +
                                        servers_[1]->address().to_string() + " (default/two)"));

  ASSERT_EQ(daemon_->cli({"undrain", "one"}).status, 0);
  daemon_->kill();
  daemon_->start();
  EXPECT_EQ(greeters(vip_), (std::set<std::string>{"server-1\n", "server-2\n", "server-3\n"}));
}

TEST_F(PersistedDrain, without_persist_a_drain_ends_with_the_daemon) {
  start(folder_ / "state");
  ASSERT_EQ(daemon_->cli({"drain", "one"}).status, 0);
  EXPECT_TRUE(wait_until([&] { return greeters(vip_) == std::set<std::string>{"server-1\n"}; }));
  daemon_->kill();
  daemon_->start();
  EXPECT_EQ(greeters(vip_).size(), 2U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state")) << "nothing is written that nobody asked to keep";
}

TEST_F(PersistedDrain, damaged_is_said_and_the_daemon_serves_without) {
  const std::string state = folder_ / "state";
  std::filesystem::create_directory(state);
  write_file(state + "/drains.json", R"({"version": 1, "drains": [{"workload": "default/o)");
  start(state);
  EXPECT_EQ(greeters(vip_).size(), 2U);
  EXPECT_THAT(daemon_->log(), HasSubstr("drains.json: damaged"));
  ASSERT_EQ(daemon_->cli({"drain", "one", "--persist"}).status, 0);
  daemon_->kill();
  daemon_->start();
  EXPECT_EQ(greeters(vip_), std::set<std::string>{"server-1\n"}) << "it was written anew";
}

TEST_F(PersistedDrain, that_cannot_be_written_is_refused_with_what_to_do) {
  const std::string state = folder_ / "file";
  write_file(state, "");
  start(state);
  const Outcome refused = daemon_->cli({"drain", "one", "--persist"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("spec.stateDirectory"));
  EXPECT_THAT(refused.err, HasSubstr("without --persist"));
  EXPECT_EQ(greeters(vip_).size(), 2U);
  ASSERT_EQ(daemon_->cli({"drain", "one"}).status, 0);
  EXPECT_TRUE(wait_until([&] { return greeters(vip_) == std::set<std::string>{"server-1\n"}; }));
}

}  // namespace
}  // namespace ringway::test
