#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "tests/harness/daemon.h"
#include "tests/harness/load.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// Changes of the configuration while it serves.
namespace ringway::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ReloadTest, fifty_reloads_disturb_no_connection) {
  const auto servers = start_servers(3);
  auto all = addresses_of(servers);
  const ServiceSpec web{.vip = next_vip(), .endpoints = all, .policy = "{drain: {timeout: 10m}}"};
  const ServiceSpec other{.name = "other", .vip = next_vip(), .endpoints = all, .policy = "{drain: {timeout: 10m}}"};
  ServiceSpec fewer = web;
  fewer.endpoints.pop_back();
  ServiceSpec changed = web;
  changed.policy = "{balancer: random, connect: {timeout: 3s}, drain: {timeout: 10m}}";
  Daemon daemon({.config = documents({web})});
  Load load({.to = web.vip, .long_lived = 64, .short_lived = 4, .pace = {}});
  ASSERT_TRUE(wait_until([&] { return load.established() >= 64; }));
  const std::vector<std::string> variants = {documents({web, other}), documents({fewer}), documents({changed, other}),
                                             documents({fewer, other}), documents({web})};
  for (int i = 0; i < 50; ++i) {
    daemon.reconfigure(variants[static_cast<std::size_t>(i) % variants.size()]);
  }
  const std::uint64_t rounds = load.report().rounds;
  EXPECT_TRUE(wait_until([&] { return load.report().rounds > rounds + 64; })) << "all go on after the last";
  const LoadReport report = load.stop();
  EXPECT_THAT(report.failures, IsEmpty()) << report.failures_text();
  EXPECT_GE(report.finished, 64U);
  EXPECT_GE(daemon.metric("ringway_reloads_total").value_or(0), 50);
  EXPECT_EQ(daemon.metric("ringway_config_valid"), 1);
}

TEST(ReloadTest, a_refused_reload_leaves_all_as_it_was_and_names_every_mistake) {
  const auto servers = start_servers(1);
  const ServiceSpec web{.vip = next_vip(), .endpoints = addresses_of(servers)};
  Daemon daemon({.config = documents({web})});
  TcpClient before(web.vip);
  ASSERT_EQ(before.receive(9), "server-0\n");
  ServiceSpec broken = web;
  broken.vip = {web.vip.ip(), 0};
  broken.policy = "{balancr: random}";
  daemon.write_config(documents({broken}));
  const Outcome outcome = daemon.reload();
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, ContainsRegex("ringway.yaml:[0-9]+:[0-9]+: .*port"));
  EXPECT_THAT(outcome.err, HasSubstr("balancr"));
  EXPECT_THAT(outcome.err, HasSubstr("balancer")) << "the nearest known key";
  EXPECT_EQ(daemon.metric("ringway_config_valid"), 0);
  EXPECT_TRUE(before.send("still") && before.receive(5) == "still");
  EXPECT_EQ(TcpClient(web.vip).receive(9), "server-0\n");
  EXPECT_TRUE(daemon.ready());
  daemon.reconfigure(documents({web}));
  EXPECT_EQ(daemon.metric("ringway_config_valid"), 1);
  EXPECT_TRUE(before.send("again") && before.receive(5) == "again");
}

TEST(ReloadTest, an_address_that_cannot_be_bound_refuses_the_reload_whole) {
  const auto servers = start_servers(1);
  const ServiceSpec web{.vip = next_vip(), .endpoints = addresses_of(servers)};
  const ServiceSpec taken{.name = "taken", .vip = servers[0]->address(), .endpoints = addresses_of(servers)};
  const ServiceSpec fine{.name = "fine", .vip = next_vip(), .endpoints = addresses_of(servers)};
  Daemon daemon({.config = documents({web})});
  daemon.write_config(documents({web, fine, taken}));
  const Outcome outcome = daemon.reload();
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr(taken.vip.to_string()));
  EXPECT_EQ(TcpClient(web.vip).receive(9), "server-0\n");
  EXPECT_EQ(TcpClient(fine.vip).error(), ECONNREFUSED) << "what could be bound is not kept";
}

TEST(ReloadTest, files_are_watched_whether_written_in_place_or_renamed_over) {
  const auto servers = start_servers(1);
  const auto endpoints = addresses_of(servers);
  const ServiceSpec web{.vip = next_vip(), .endpoints = endpoints};
  const ServiceSpec second{.name = "second", .vip = next_vip(), .endpoints = endpoints};
  const ServiceSpec third{.name = "third", .vip = next_vip(), .endpoints = endpoints};
  Daemon daemon({.config = documents({web})});
  daemon.write_config(documents({web, second}));
  EXPECT_TRUE(wait_until([&] { return TcpClient(second.vip).connected(); })) << "written in place";
  daemon.rename_config(documents({web, second, third}));
  EXPECT_TRUE(wait_until([&] { return TcpClient(third.vip).connected(); })) << "renamed over";
  daemon.rename_config(documents({web, third}));
  EXPECT_TRUE(wait_until([&] { return !TcpClient(second.vip).connected(); })) << "renamed over a second time";
  EXPECT_EQ(TcpClient(web.vip).receive(9), "server-0\n");
}

TEST(ReloadTest, a_signal_reloads) {
  const auto servers = start_servers(1);
  const ServiceSpec web{.vip = next_vip(), .endpoints = addresses_of(servers)};
  Daemon daemon({.config = documents({web})});
  const double before = daemon.metric("ringway_reloads_total").value_or(0);
  daemon.signal(SIGHUP);
  EXPECT_TRUE(wait_until([&] { return daemon.metric("ringway_reloads_total").value_or(0) > before; }));
}

/// A signal does not wait for who writes, but what is refused for that is read again by itself.
TEST(ReloadTest, a_file_that_is_half_written_at_a_signal_is_refused_whole_and_read_once_it_is_complete) {
  const auto servers = start_servers(1);
  const ServiceSpec web{.vip = next_vip(), .endpoints = addresses_of(servers)};
  const ServiceSpec late{.name = "late", .vip = next_vip(), .endpoints = addresses_of(servers)};
  Daemon daemon({.config = documents({web})});
  const std::string before = read_file(daemon.config_path());
  std::ofstream file(daemon.config_path(), std::ios::binary | std::ios::trunc);
  const std::string whole = before + documents({late});
  const std::size_t half = before.size() + documents({late}).find("ports:") + 8;
  file << whole.substr(0, half) << std::flush;
  daemon.signal(SIGHUP);
  const auto refused = [&] { return daemon.metric("ringway_reloads_total", {{"result", "refused"}}).value_or(0); };
  EXPECT_TRUE(wait_until([&] { return refused() == 1; })) << daemon.log();
  EXPECT_EQ(daemon.metric("ringway_config_valid"), 0);
  EXPECT_EQ(TcpClient(web.vip).receive(9), "server-0\n");
  EXPECT_EQ(TcpClient(late.vip).error(), ECONNREFUSED);
  file << whole.substr(half);
  file.close();
  EXPECT_TRUE(wait_until([&] { return TcpClient(late.vip).receive(9) == "server-0\n"; }));
  EXPECT_EQ(daemon.metric("ringway_config_valid"), 1);
}

TEST(ReloadTest, a_removed_service_drains_and_then_closes) {
  const auto servers = start_servers(1);
  const ServiceSpec web{.vip = next_vip(), .endpoints = addresses_of(servers)};
  const ServiceSpec leaving{
      .name = "leaving", .vip = next_vip(), .endpoints = addresses_of(servers), .policy = "{drain: {timeout: 4s}}"};
  Daemon daemon({.config = documents({web, leaving})});
  TcpClient stays(web.vip);
  TcpClient drains(leaving.vip);
  ASSERT_EQ(stays.receive(9), "server-0\n");
  ASSERT_EQ(drains.receive(9), "server-0\n");
  daemon.reconfigure(documents({web}));
  EXPECT_TRUE(drains.send("draining") && drains.receive(8) == "draining") << "established ones go on";
  EXPECT_TRUE(wait_until([&] { return TcpClient(leaving.vip).error() == ECONNREFUSED; })) << "new ones are refused";
  EXPECT_EQ(drains.receive_all(), "");
  EXPECT_TRUE(drains.ending() == Ending::kFin || drains.ending() == Ending::kReset) << "closed when its time is over";
  EXPECT_TRUE(stays.send("on") && stays.receive(2) == "on");
}

}  // namespace
}  // namespace ringway::test
