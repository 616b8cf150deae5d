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

INSTANTIATE_TEST_SUITE_P(Engines, LimitsTest, testing::Values(proxy::Engine::kIoUring, proxy::Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::test
