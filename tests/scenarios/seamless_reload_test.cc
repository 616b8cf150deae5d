#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "tests/harness/daemon.h"
#include "tests/harness/load.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

namespace ringway::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// One Service that tells another of its clients by PROXY headers, in one daemon.
struct Chain {
  [[nodiscard]] std::string config() const { return documents({front, back}); }

  std::vector<std::unique_ptr<EchoServer>> servers = start_servers(3);
  ServiceSpec back{.name = "back",
                   .vip = next_vip(),
                   .endpoints = addresses_of(servers),
                   .policy = "{proxyProtocol: {trustedSources: [127.0.0.0/8]}}"};
  ServiceSpec front{
      .name = "front", .vip = next_vip(), .endpoints = {back.vip}, .policy = "{proxyProtocol: {send: v2}}"};
};

/// Short connections one after another, which must all be served.
Load many(const SocketAddress& to) {
  return Load({.to = to, .long_lived = 8, .short_lived = 6, .pace = {.round_bytes = 500}});
}
bool goes_on(const Load& load, std::uint64_t connections) {
  const std::uint64_t before = load.report().finished;
  return wait_until([&] { return load.report().finished >= before + connections; });
}

TEST(SeamlessReloadScenario, a_chain_of_services_serves_every_connection_through_reloads) {
  Chain chain;
  Daemon daemon({.config = chain.config(), .spec_lines = {"workers: 2"}});
  Load load = many(chain.front.vip);
  ASSERT_TRUE(goes_on(load, 50));
  for (int i = 1; i <= 10; ++i) {
    // Both Services change, and one comes or goes beside them.
    chain.back.policy =
        "{connect: {timeout: " + std::to_string(i) + "s}, proxyProtocol: {trustedSources: [127.0.0.0/8]}}";
    chain.front.policy = "{idleTimeout: " + std::to_string(i) + "h, proxyProtocol: {send: v2}}";
    const ServiceSpec more{.name = "more", .vip = next_vip(), .endpoints = {chain.back.vip}};
    daemon.rename_config(i % 2 == 0 ? chain.config() : chain.config() + "---\n" + more.yaml());
    const double reloads = daemon.metric("ringway_reloads_total").value_or(0);
    daemon.signal(SIGHUP);
    ASSERT_TRUE(wait_until([&] { return daemon.metric("ringway_reloads_total").value_or(0) > reloads; }));
    ASSERT_TRUE(goes_on(load, 50)) << "after reload " << i;
  }
  const LoadReport report = load.stop();
  EXPECT_THAT(report.failures, IsEmpty()) << report.failures_text();
  EXPECT_EQ(daemon.metric("ringway_reloads_total", {{"result", "refused"}}).value_or(0), 0);
}

TEST(SeamlessReloadScenario, a_second_daemon_on_the_same_addresses_is_refused_and_costs_the_first_nothing) {
  const Chain chain;
  const Daemon first({.config = chain.config()});
  Load load = many(chain.front.vip);
  ASSERT_TRUE(goes_on(load, 50));
  for (int i = 0; i < 5; ++i) {
    Daemon second({.config = chain.config(), .wait_ready = false});
    ASSERT_EQ(second.process().wait(), 1);
    EXPECT_THAT(second.log(), HasSubstr("another process has it"));
  }
  ASSERT_TRUE(goes_on(load, 50));
  const LoadReport report = load.stop();
  EXPECT_THAT(report.failures, IsEmpty()) << report.failures_text();
}

TEST(SeamlessReloadScenario, the_next_daemon_serves_while_the_sessions_of_the_one_before_go_on) {
  Chain chain;
  chain.front.policy = "{drain: {timeout: 10m}, proxyProtocol: {send: v2}}";
  chain.back.policy = "{drain: {timeout: 10m}, proxyProtocol: {trustedSources: [127.0.0.0/8]}}";
  Daemon before({.config = chain.config()});
  TcpClient old(chain.front.vip);
  ASSERT_EQ(old.receive(7), "server-");
  ASSERT_EQ(old.receive(2).back(), '\n');
  before.signal(SIGTERM);
  ASSERT_TRUE(wait_until([&] { return TcpClient(chain.front.vip).error() == ECONNREFUSED; }));
  const Daemon after({.config = chain.config()});
  EXPECT_EQ(TcpClient(chain.front.vip).receive(7), "server-");
  EXPECT_TRUE(old.send("still") && old.receive(5) == "still") << "by the one before";
  EXPECT_TRUE(before.process().running());
  old.finish();
  EXPECT_EQ(old.receive_all(), "");
  EXPECT_EQ(before.process().wait(), 0);
  EXPECT_EQ(TcpClient(chain.front.vip).receive(7), "server-") << "and its end takes nothing with it";
}

TEST(SeamlessReloadScenario, abstract_sockets_are_refused_with_what_is_allowed) {
  const TemporaryFolder folder;
  write_file(folder / "ringway.yaml",
             "apiVersion: ringway/v1\nkind: Ringway\nspec: {admin: {listen: \"unix:@ringway\"}}\n");
  const Outcome outcome = run({ringway_binary(), "check", "--config", folder / "ringway.yaml"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("spec.admin.listen"));
  EXPECT_THAT(outcome.err, HasSubstr("must be absolute"));
}

}  // namespace
}  // namespace ringway::test
