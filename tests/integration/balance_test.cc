#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/harness/daemon.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// Which endpoint a connection comes to, through the real daemon.
namespace ringway::test {
namespace {

using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Pair;

using Counts = std::map<std::string, int>;

/// The name of the server that greets a new connection to `vip`; the connection goes into `kept` where that is given.
std::string greeting(const SocketAddress& vip, std::vector<TcpClient>* kept = nullptr) {
  TcpClient client(vip);
  const std::string name = client.receive(9).substr(0, 8);
  if (kept != nullptr) {
    kept->push_back(std::move(client));
  }
  return name;
}

Counts greetings(const SocketAddress& vip, int connections, std::vector<TcpClient>* kept = nullptr) {
  Counts counts;
  for (int i = 0; i < connections; ++i) {
    ++counts[greeting(vip, kept)];
  }
  return counts;
}

/// Who greets a client that comes from `from`.
std::string greeting_from(const IpAddress& from, const SocketAddress& vip) {
  return TcpClient(vip, kPatience, 0, from).receive(8);
}

/// `server-0`, `server-1`, … behind one Service, over four workers.
struct Scene {
  explicit Scene(std::size_t count, std::string policy, std::vector<std::string> labels = {},
                 std::vector<std::string> nodes = {}, std::vector<std::string> spec_lines = {"workers: 4"})
      : servers(start_servers(count)),
        spec{.vip = next_vip(),
             .endpoints = addresses_of(servers),
             .policy = std::move(policy),
             .labels = std::move(labels),
             .nodes = std::move(nodes)},
        daemon({.config = documents({spec}), .spec_lines = std::move(spec_lines)}) {}

  [[nodiscard]] nlohmann::json endpoints() const {
    return nlohmann::json::parse(daemon.get("/api/v1/endpoints").body)["items"];
  }
  void reconfigure() { daemon.reconfigure(documents({spec})); }

  std::vector<std::unique_ptr<EchoServer>> servers;
  ServiceSpec spec;
  Daemon daemon;
};

TEST(BalanceTest, session_affinity_keeps_a_client_with_its_endpoint_through_a_reload) {
  Scene scene(4, "{balancer: roundRobin}");
  scene.spec.spec = {"sessionAffinity: ClientIP", "sessionAffinityConfig: {clientIP: {timeoutSeconds: 600}}"};
  scene.reconfigure();
  const auto from = [&scene](int number) {
    return greeting_from(*IpAddress::parse("127.0.0." + std::to_string(number)), scene.spec.vip);
  };
  std::map<int, std::string> homes;
  for (int number = 2; number < 10; ++number) {
    homes[number] = from(number);
  }
  scene.spec.policy = "{balancer: random}";
  scene.reconfigure();
  for (const auto& [number, home] : homes) {
    EXPECT_EQ(from(number), home) << "127.0.0." << number;
    EXPECT_EQ(from(number), home);
  }
  EXPECT_EQ(scene.daemon.metric("ringway_affinity_clients"), 8);
  EXPECT_EQ(scene.daemon.metric("ringway_affinity_evictions_total"), 0);
}

TEST(BalanceTest, a_canary_gets_its_split_exactly_over_all_workers) {
  const Scene scene(3, "{balancer: roundRobin, weights: [{selector: release=canary, weight: 5}]}",
                    {"release: stable", "release: stable", "release: canary"});
  // 100 : 100 : 5 is a round of 41.
  EXPECT_THAT(greetings(scene.spec.vip, 82),
              ElementsAre(Pair("server-0", 40), Pair("server-1", 40), Pair("server-2", 2)));
  EXPECT_EQ(scene.daemon.metric("ringway_endpoint_weight", {{"endpoint", scene.spec.endpoints[2].to_string()}}), 5);
  EXPECT_EQ(
      scene.daemon.metric("ringway_endpoint_connections_total", {{"endpoint", scene.spec.endpoints[2].to_string()}}),
      2);
  EXPECT_EQ(scene.endpoints()[2]["weight"], 5);
  EXPECT_THAT(scene.daemon.cli({"describe", "service", "web"}).out, HasSubstr("5 where release=canary"));
}

TEST(BalanceTest, a_label_says_the_weight_and_a_reload_changes_it_without_a_break) {
  Scene scene(2, "{balancer: leastConnections}", {"ringway.io/weight: \"300\""});
  std::vector<TcpClient> kept;
  EXPECT_THAT(greetings(scene.spec.vip, 40, &kept), ElementsAre(Pair("server-0", 30), Pair("server-1", 10)));
  scene.spec.labels = {"ringway.io/weight: \"0\""};
  scene.reconfigure();
  ASSERT_TRUE(wait_until([&] { return scene.daemon.metric("ringway_endpoint_weight").value_or(0) == 100; }));
  EXPECT_THAT(greetings(scene.spec.vip, 5), ElementsAre(Pair("server-1", 5)));
  for (TcpClient& client : kept) {
    ASSERT_TRUE(client.send("still there"));
    EXPECT_EQ(client.receive(11), "still there");
  }
}

TEST(BalanceTest, the_default_is_the_better_of_two_by_counts_that_workers_share) {
  const Scene scene(4, "{}");
  std::vector<TcpClient> kept;
  const Counts counts = greetings(scene.spec.vip, 120, &kept);
  ASSERT_EQ(counts.size(), 4U);
  for (const auto& [name, count] : counts) {
    EXPECT_NEAR(count, 30, 6) << name;
  }
  EXPECT_THAT(scene.daemon.cli({"get", "services"}).out, HasSubstr("powerOfTwo"));
  EXPECT_EQ(scene.daemon.metric("ringway_endpoint_connections_active"), 120);
}

TEST(BalanceTest, least_connections_is_exact_over_all_workers) {
  const Scene scene(4, "{balancer: leastConnections}");
  std::vector<TcpClient> kept;
  for (const auto& [name, count] : greetings(scene.spec.vip, 80, &kept)) {
    EXPECT_EQ(count, 20) << name;
  }
}

TEST(BalanceTest, source_hash_keeps_a_client_where_it_was_when_another_endpoint_goes) {
  Scene scene(5, "{balancer: sourceHash}");
  const auto from = [](int client) { return IpAddress::v4(0x7f010100U + static_cast<std::uint32_t>(client)); };
  std::map<int, std::string> homes;
  Counts counts;
  for (int client = 1; client <= 50; ++client) {
    homes[client] = greeting_from(from(client), scene.spec.vip);
    ++counts[homes[client]];
    EXPECT_EQ(greeting_from(from(client), scene.spec.vip), homes[client]);
  }
  EXPECT_EQ(counts.size(), 5U) << "of 50 clients one in every endpoint, but for once in 14,000 tables";
  scene.spec.endpoints.pop_back();
  scene.reconfigure();
  ASSERT_TRUE(wait_until([&] { return scene.endpoints().size() == 4; }));
  int moved = 0;
  for (int client = 1; client <= 50; ++client) {
    const std::string now = greeting_from(from(client), scene.spec.vip);
    EXPECT_NE(now, "server-4");
    moved += homes[client] != "server-4" && now != homes[client] ? 1 : 0;
  }
  EXPECT_LE(moved, 3);
}

TEST(BalanceTest, first_fills_one_endpoint_and_then_the_next) {
  const Scene scene(3, "{balancer: first, first: {maxConnections: 4}}");
  std::vector<TcpClient> kept;
  const Counts counts = greetings(scene.spec.vip, 9, &kept);
  std::vector<int> numbers;
  for (const auto& endpoint : scene.endpoints()) {
    numbers.push_back(endpoint["counters"]["active"]);
  }
  EXPECT_THAT(numbers, ElementsAre(4, 4, 1)) << "in the order of addresses";
  EXPECT_EQ(counts.size(), 3U);
  EXPECT_THAT(scene.daemon.cli({"describe", "service", "web"}).out, HasSubstr("first, full at 4 sessions"));
}

TEST(BalanceTest, peak_ewma_measures_and_leaves_alone_who_fails) {
  Scene scene(2, "{balancer: peakEwma, peakEwma: {decay: 1h}, connect: {timeout: 2s}}");
  scene.spec.endpoints.push_back(refusing_endpoint());
  scene.reconfigure();
  ASSERT_TRUE(wait_until([&] { return scene.endpoints().size() == 3; }));
  EXPECT_EQ(greetings(scene.spec.vip, 60).size(), 2U);
  // Once it failed it costs 2 s; an even share would be some 20 attempts.
  EXPECT_LE(scene.daemon.metric("ringway_connect_failures_total").value_or(0), 2);
  EXPECT_THAT(
      scene.daemon.metric("ringway_endpoint_latency_seconds", {{"endpoint", scene.spec.endpoints[0].to_string()}}),
      ::testing::Optional(Gt(0)));
}

TEST(BalanceTest, a_tier_takes_over_without_a_check_by_retries_alone) {
  auto servers = start_servers(1);
  const ServiceSpec spec{.vip = next_vip(),
                         .endpoints = {refusing_endpoint(), servers[0]->address()},
                         .policy = "{tiers: [{selector: \"tier=primary\"}]}",
                         .labels = {"tier: primary", "tier: backup"},
                         .nodes = {}};
  const Daemon daemon({.config = documents({spec})});
  EXPECT_THAT(greetings(spec.vip, 10), ElementsAre(Pair("server-0", 10)));
  EXPECT_THAT(daemon.metric("ringway_connect_retries_total"), ::testing::Optional(Ge(1)));
  EXPECT_EQ(daemon.metric("ringway_tier"), 1);
}

TEST(BalanceTest, a_tier_takes_over_when_the_first_is_down_and_gives_back) {
  Scene scene(2, "{tiers: [{selector: \"tier=primary\"}], healthCheck: {tcp: {}, interval: 50ms, rise: 1, fall: 1}}",
              {"tier: primary", "tier: backup"});
  ASSERT_TRUE(wait_until([&] { return scene.daemon.metric("ringway_endpoint_up") == 2; }));
  EXPECT_THAT(greetings(scene.spec.vip, 10), ElementsAre(Pair("server-0", 10)));
  const SocketAddress primary = scene.servers[0]->address();
  scene.servers[0].reset();
  ASSERT_TRUE(wait_until([&] { return scene.daemon.metric("ringway_tier") == 2; }));
  EXPECT_THAT(greetings(scene.spec.vip, 10), ElementsAre(Pair("server-1", 10)));
  EXPECT_THAT(scene.daemon.cli({"describe", "service", "web"}).out, HasSubstr("tier 2 takes new sessions"));
  scene.servers[0] = std::make_unique<EchoServer>(ServerOptions{.name = "server-0", .at = primary});
  ASSERT_TRUE(wait_until([&] { return scene.daemon.metric("ringway_tier") == 1; }));
  EXPECT_THAT(greetings(scene.spec.vip, 10), ElementsAre(Pair("server-0", 10)));
}

TEST(BalanceTest, sessions_stay_on_the_node_and_spill_over_when_its_endpoint_is_down) {
  Scene scene(2, "{locality: {prefer: sameNode}, healthCheck: {tcp: {}, interval: 50ms, rise: 1, fall: 1}}", {},
              {"node-a", "node-b"}, {"node: {name: node-a}"});
  ASSERT_TRUE(wait_until([&] { return scene.daemon.metric("ringway_endpoint_up") == 2; }));
  ASSERT_TRUE(wait_until([&] { return scene.daemon.metric("ringway_locality_spilled") == 0; }));
  EXPECT_THAT(greetings(scene.spec.vip, 10), ElementsAre(Pair("server-0", 10)));
  scene.servers[0].reset();
  ASSERT_TRUE(wait_until([&] { return scene.daemon.metric("ringway_locality_spilled") == 1; }));
  EXPECT_THAT(greetings(scene.spec.vip, 10), ElementsAre(Pair("server-1", 10)));
  EXPECT_THAT(scene.daemon.cli({"describe", "service", "web"}).out, HasSubstr("too few near endpoints are healthy"));
}

}  // namespace
}  // namespace ringway::test
