#include <cerrno>
#include <chrono>
#include <vector>

#include "tests/proxy/data_plane_fixture.h"

/// Who may come in, how many, and for how long.
namespace ringway::test {
namespace {

using proxy::Cause;

class LimitsTest : public DataPlaneTest {};

/// A client gets RST and nothing else, be it before it knows that it is connected.
bool is_reset(const SocketAddress& vip) {
  TcpClient client(vip);
  return client.error() == ECONNRESET ||
         (client.connected() && client.receive_all().empty() && client.ending() == Ending::kReset);
}

TEST_P(LimitsTest, gives_no_answer_while_it_is_silent) {
  EchoServer server({.name = "back"});
  start();
  serve({server.address()});
  silent_ = true;
  serve({});
  EXPECT_EQ(TcpClient(vip_, milliseconds(200)).error(), ETIMEDOUT);
  serve({server.address()});
  EXPECT_EQ(TcpClient(vip_).receive(5), "back\n");
  serve({});
  EXPECT_EQ(TcpClient(vip_, milliseconds(200)).error(), ETIMEDOUT);
  silent_ = false;
  serve({});
  EXPECT_EQ(TcpClient(vip_).error(), ECONNREFUSED);
}

TEST_P(LimitsTest, lets_in_whom_both_lists_of_networks_allow) {
  EchoServer server({.name = "back"});
  const auto only = [](const char* network) {
    const auto rule = proxy::parse_access_rule(network, true);
    return std::make_shared<const proxy::AccessList>(std::span(&*rule, 1), false);
  };
  start();
  access_ = only("127.0.0.0/8");
  sources_ = only("10.0.0.0/8");
  serve({server.address()});
  EXPECT_EQ(TcpClient(vip_).receive(5), "");
  sources_ = access_;
  serve({server.address()});
  EXPECT_EQ(TcpClient(vip_).receive(5), "back\n");
  EXPECT_TRUE(wait_until([&] { return ended(Cause::kDenied) == 1; }));
}

TEST_P(LimitsTest, ends_a_session_at_its_greatest_age_however_busy) {
  EchoServer server({.name = "old"});
  start();
  serve({server.address()}, {.max_age = milliseconds(300)});
  const auto began = std::chrono::steady_clock::now();
  TcpClient client(vip_);
  EXPECT_EQ(client.receive(4), "old\n");
  while (client.send("?") && client.receive(1) == "?") {
  }
  EXPECT_EQ(client.ending(), Ending::kFin);
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(270)) << "before the least that jitter allows";
  client.close();
  EXPECT_TRUE(no_session_left());
  EXPECT_EQ(ended(Cause::kMaxAge), 1);
}

TEST_P(LimitsTest, refuses_who_comes_when_a_port_has_its_sessions) {
  EchoServer server({.name = "full"});
  start();
  serve({server.address()}, {.max_connections = 2});
  TcpClient first(vip_);
  TcpClient second(vip_);
  EXPECT_EQ(first.receive(5), "full\n");
  EXPECT_EQ(second.receive(5), "full\n");
  EXPECT_TRUE(is_reset(vip_));
  EXPECT_TRUE(wait_until([&] { return ended(Cause::kMaxConnections) == 1; }));
  first.close();
  EXPECT_TRUE(wait_until([&] { return TcpClient(vip_).receive(5) == "full\n"; })) << "a place that is free again";
}

TEST_P(LimitsTest, lets_in_whom_the_access_list_allows) {
  EchoServer server({.name = "door"});
  start();
  const std::vector<proxy::AccessRule> others = {proxy::parse_access_rule("127.0.0.1", false).value()};
  access_ = std::make_shared<const proxy::AccessList>(others, true);
  serve({server.address()});
  EXPECT_TRUE(is_reset(vip_));
  EXPECT_TRUE(wait_until([&] { return ended(Cause::kDenied) == 1; }));
  access_ = std::make_shared<const proxy::AccessList>(others, false);
  serve({server.address()});
  EXPECT_TRUE(is_reset(vip_)) << "as everybody is";
  access_ = nullptr;
  serve({server.address()});
  EXPECT_EQ(TcpClient(vip_).receive(5), "door\n");
}

TEST_P(LimitsTest, passes_over_an_endpoint_that_is_full) {
  EchoServer one({.name = "one"});
  EchoServer two({.name = "two"});
  start();
  serve({one.address(), two.address()}, {.balancer = proxy::Balancer::kFirst, .max_per_endpoint = 1});
  TcpClient first(vip_);
  TcpClient second(vip_);
  EXPECT_NE(first.receive(4), second.receive(4));
  EXPECT_TRUE(is_reset(vip_)) << "none waits where there is no queue";
  EXPECT_TRUE(wait_until([&] { return ended(Cause::kEndpointsFull) == 1; }));
}

TEST_P(LimitsTest, who_waits_in_the_queue_gets_the_next_place) {
  EchoServer server({.name = "full"});
  for (const bool of_port : {true, false}) {
    start({.workers = 1});
    proxy::SessionPolicy policy{.queue_limit = 1, .queue_timeout = std::chrono::minutes(1)};
    (of_port ? policy.max_connections : policy.max_per_endpoint) = 1;
    serve({server.address()}, policy);
    TcpClient first(vip_);
    EXPECT_EQ(first.receive(5), "full\n");
    TcpClient waiting(vip_);
    ASSERT_TRUE(wait_until([&] { return stats_->queued() == 1; }));
    EXPECT_TRUE(is_reset(vip_)) << "the queue is full, too";
    first.close();
    EXPECT_EQ(waiting.receive(5), "full\n");
    EXPECT_EQ(stats_->queued(), 0);
    waiting.close();
    EXPECT_TRUE(no_session_left());
    EXPECT_EQ(ended(of_port ? Cause::kMaxConnections : Cause::kEndpointsFull), 1);
    vip_ = next_vip();
  }
}

TEST_P(LimitsTest, nobody_waits_longer_than_the_queue_allows) {
  EchoServer server({.name = "full"});
  start({.workers = 1});
  serve({server.address()}, {.max_per_endpoint = 1, .queue_limit = 5, .queue_timeout = milliseconds(50)});
  TcpClient first(vip_);
  EXPECT_EQ(first.receive(5), "full\n");
  EXPECT_TRUE(is_reset(vip_));
  {
    TcpClient gone(vip_);
    ASSERT_TRUE(wait_until([&] { return stats_->queued() == 1; }));
    gone.reset();
    EXPECT_TRUE(wait_until([&] { return stats_->queued() == 0; }));
  }
  first.close();
  EXPECT_TRUE(no_session_left());
}

TEST_P(LimitsTest, a_service_that_goes_takes_those_who_wait_with_it) {
  EchoServer server({.name = "full"});
  start({.workers = 1});
  serve({server.address()}, {.max_connections = 1, .queue_limit = 5, .queue_timeout = std::chrono::minutes(1)});
  TcpClient first(vip_);
  EXPECT_EQ(first.receive(5), "full\n");
  TcpClient waiting(vip_);
  ASSERT_TRUE(wait_until([&] { return stats_->queued() == 1; }));
  publish({});
  EXPECT_EQ(waiting.receive_all(), "");
  EXPECT_EQ(waiting.ending(), Ending::kReset);
  EXPECT_TRUE(wait_until([&] { return ended(Cause::kNoEndpoint) == 1; }));
}

TEST_P(LimitsTest, one_client_has_its_limits) {
  EchoServer server({.name = "mine"});
  start();
  serve({server.address()}, {.per_client = {.max_connections = 2}});
  TcpClient first(vip_);
  TcpClient second(vip_);
  EXPECT_EQ(first.receive(5), "mine\n");
  EXPECT_EQ(second.receive(5), "mine\n");
  EXPECT_TRUE(is_reset(vip_));
  EXPECT_TRUE(wait_until([&] { return ended(Cause::kClientConnections) == 1; }));
  EXPECT_TRUE(wait_until([&] { return stats_->refusals_seen.load(); }));
  first.close();
  EXPECT_TRUE(wait_until([&] { return TcpClient(vip_).receive(5) == "mine\n"; }));
  serve({server.address()}, {.per_client = {.rate = 1, .burst = 1}});
  EXPECT_EQ(TcpClient(vip_).receive(5), "mine\n");
  EXPECT_TRUE(wait_until([&] {
    const bool reset = is_reset(vip_);
    return reset && ended(Cause::kClientRate) >= 1;
  }));
}

INSTANTIATE_TEST_SUITE_P(Engines, LimitsTest, testing::Values(proxy::Engine::kIoUring, proxy::Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::test
