#include <gtest/gtest.h>

#include <chrono>
#include <list>
#include <string>
#include <vector>

#include "tests/proxy/data_plane_fixture.h"

// Endpoints that fail while nobody has told of it: what sessions find out for each other.
namespace ringway::test {
namespace {

using proxy::Balancer;
using proxy::Cause;
using proxy::ConnectFailure;

class RetryTest : public DataPlaneTest {
 protected:
  /// Endpoints that do not answer a connect.
  std::vector<proxy::SocketAddress> silent_endpoints(int count) {
    std::vector<proxy::SocketAddress> endpoints;
    for (int i = 0; i < count; ++i) {
      silent_.emplace_back(ServerOptions{.mode = Mode::kNeverAccept});
      endpoints.push_back(silent_.back().address());
    }
    return endpoints;
  }
  [[nodiscard]] std::uint64_t failures(ConnectFailure kind) const {
    std::uint64_t total = 0;
    for (const auto& endpoint : endpoints_) {
      total += endpoint->connect_failures[static_cast<std::size_t>(kind)];
    }
    return total;
  }
  std::list<EchoServer> silent_;
};

/// The client saw RST, be it in its connect.
bool was_reset(TcpClient& client) {
  return client.error() == ECONNRESET || (client.receive_all().empty() && client.ending() == Ending::kReset);
}

TEST_P(RetryTest, no_session_is_lost_however_many_endpoints_refuse_at_once) {
  EchoServer server({.name = "alive"});
  start();
  std::vector<proxy::SocketAddress> endpoints(12);
  for (auto& endpoint : endpoints) {
    endpoint = refusing_endpoint();
  }
  endpoints.push_back(server.address());
  serve(endpoints, {.balancer = Balancer::kRandom});
  std::vector<TcpClient> clients;
  for (int i = 0; i < 64; ++i) {
    clients.emplace_back(vip_);
  }
  for (TcpClient& client : clients) {
    EXPECT_EQ(client.receive(6), "alive\n");
  }
  EXPECT_EQ(ended(Cause::kConnectRefused), 0);
}

TEST_P(RetryTest, one_attempt_is_one_attempt) {
  EchoServer server({.name = "alive"});
  start();
  serve({refusing_endpoint(), server.address()}, {.balancer = Balancer::kRoundRobin, .connect_attempts = 1});
  TcpClient first(vip_);
  const bool first_was_reset = was_reset(first);
  TcpClient second(vip_);
  EXPECT_EQ(first_was_reset ? second.receive(6) : "alive\n", "alive\n");
  EXPECT_TRUE(first_was_reset || was_reset(second));
}

TEST_P(RetryTest, attempts_that_take_time_are_counted) {
  start();
  serve(silent_endpoints(4), {.connect_timeout = milliseconds(20), .connect_attempts = 3});
  TcpClient client(vip_);
  EXPECT_TRUE(was_reset(client));
  EXPECT_TRUE(wait_until([&] { return ended(Cause::kConnectTimeout) == 1; }));
  EXPECT_EQ(failures(ConnectFailure::kTimeout), 3);
}

TEST_P(RetryTest, the_budget_ends_retries_that_take_time) {
  start({.workers = 1});
  serve(silent_endpoints(2), {.connect_timeout = milliseconds(10), .connect_attempts = 2, .retry_budget = 0});
  constexpr int kClients = proxy::RetryBudget::kReserve + 50;
  std::vector<TcpClient> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back(vip_);
  }
  EXPECT_TRUE(wait_until([&] { return ended(Cause::kConnectTimeout) == kClients; }));
  EXPECT_GE(sum(&proxy::ServiceCounters::retries_unpaid), 1);
  EXPECT_EQ(sum(&proxy::ServiceCounters::retries) + sum(&proxy::ServiceCounters::retries_unpaid), kClients);
}

TEST_P(RetryTest, an_endpoint_that_is_back_gets_sessions_again) {
  EchoServer other({.name = "other"});
  start();
  const auto place = refusing_endpoint();
  serve({place, other.address()}, {.balancer = Balancer::kRoundRobin});
  for (int i = 0; i < 2; ++i) {
    TcpClient client(vip_);
    EXPECT_EQ(client.receive(6), "other\n");
  }
  EXPECT_TRUE(endpoints_[0]->doubt.raised());
  EchoServer back({.name = "back!", .at = place});
  EXPECT_TRUE(wait_until([&] {
    TcpClient client(vip_);
    return client.receive(6) == "back!\n";
  }));
  EXPECT_FALSE(endpoints_[0]->doubt.raised());
  EXPECT_EQ(endpoints_[0]->connect_failures_in_row, 0);
}

TEST_P(RetryTest, an_early_reset_is_counted_and_an_answer_ends_the_row) {
  const auto place = refusing_endpoint();
  start();
  {
    EchoServer server({.mode = Mode::kResetOnAccept, .at = place});
    serve({place});
    for (int i = 0; i < 3; ++i) {
      TcpClient client(vip_);
      EXPECT_TRUE(was_reset(client));
    }
    EXPECT_TRUE(wait_until([&] { return endpoints_[0]->early_resets_in_row == 3; }));
    EXPECT_EQ(endpoints_[0]->early_resets, 3);
    EXPECT_TRUE(wait_until([&] { return stats_->failures_seen.load(); }));
  }
  EchoServer server({.name = "alive", .at = place});
  {
    TcpClient client(vip_);
    EXPECT_EQ(client.receive(6), "alive\n");
  }
  EXPECT_TRUE(wait_until([&] { return endpoints_[0]->early_resets_in_row == 0; }));
  EXPECT_EQ(endpoints_[0]->early_resets, 3);
}

TEST_P(RetryTest, a_session_that_still_connects_leaves_an_endpoint_that_goes) {
  const auto silent = silent_endpoints(1);
  const EchoServer well({.name = "well"});
  start({.workers = 1});
  for (const bool at_once : {false, true}) {
    serve({silent.front(), well.address()},
          {.balancer = Balancer::kRoundRobin, .connect_timeout = std::chrono::minutes(5)});
    std::list<TcpClient> clients;
    // One of two goes to the silent one.
    clients.emplace_back(vip_);
    clients.emplace_back(vip_);
    ASSERT_TRUE(wait_until([&] { return endpoints_[0]->active == 1 && endpoints_[1]->active == 1; }));
    if (at_once) {
      plane_->reset_sessions(endpoints_[0], Cause::kDrained);
    } else {
      plane_->close_sessions(endpoints_[0], Cause::kEndpointDown);
    }
    for (TcpClient& client : clients) {
      EXPECT_EQ(client.receive(5), "well\n");
    }
    clients.clear();
    ASSERT_TRUE(no_session_left());
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, RetryTest, testing::Values(proxy::Engine::kIoUring, proxy::Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::test
