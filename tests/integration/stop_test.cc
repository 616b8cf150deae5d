#include <gtest/gtest.h>

#include "tests/harness/daemon.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// The end of the daemon, as those see it who are connected.
namespace ringway::test {
namespace {

struct Scene {
  explicit Scene(const std::string& drain)
      : daemon({.config = documents(
                    {{.vip = vip, .endpoints = {server.address()}, .policy = "{drain: {timeout: " + drain + "}}"}})}) {
    EXPECT_EQ(client.receive(7), "server\n");
  }

  SocketAddress vip = next_vip();
  EchoServer server{{.at = {}}};
  Daemon daemon;
  TcpClient client{vip};
};

TEST(StopTest, sigterm_lets_sessions_end_and_takes_no_new_ones) {
  Scene scene("10m");
  scene.daemon.signal(SIGTERM);
  EXPECT_TRUE(wait_until([&] { return !TcpClient(scene.vip).connected(); }));
  EXPECT_TRUE(scene.client.send("still") && scene.client.receive(5) == "still");
  EXPECT_TRUE(scene.daemon.process().running());
  scene.client.finish();
  EXPECT_EQ(scene.client.receive_all(), "");
  EXPECT_EQ(scene.client.ending(), Ending::kFin);
  EXPECT_EQ(scene.daemon.process().wait(), 0);
}

TEST(StopTest, sigterm_without_sessions_ends_at_once) {
  Scene scene("10m");
  scene.client.close();
  EXPECT_TRUE(wait_until([&] { return scene.server.open() == 0; }));
  EXPECT_EQ(scene.daemon.stop(), 0);
}

TEST(StopTest, what_is_left_at_the_drain_limit_is_closed) {
  Scene scene("2s");
  scene.daemon.signal(SIGTERM);
  EXPECT_EQ(scene.client.receive_all(), "");
  EXPECT_TRUE(scene.client.ending() == Ending::kFin || scene.client.ending() == Ending::kReset);
  EXPECT_EQ(scene.daemon.process().wait(), 0);
}

TEST(StopTest, a_second_signal_ends_at_once) {
  for (const int second : {SIGTERM, SIGINT}) {
    Scene scene("10m");
    scene.daemon.signal(SIGTERM);
    ASSERT_TRUE(wait_until([&] { return !TcpClient(scene.vip).connected(); }));
    scene.daemon.signal(second);
    EXPECT_TRUE(scene.daemon.process().wait().has_value());
    EXPECT_EQ(scene.client.receive_all(), "");
    EXPECT_NE(scene.client.ending(), Ending::kTimeout);
  }
}

TEST(StopTest, the_next_start_finds_its_places_free) {
  Scene scene("10m");
  scene.daemon.kill();
  scene.daemon.start();
  EXPECT_EQ(TcpClient(scene.vip).receive(7), "server\n");
}

}  // namespace
}  // namespace ringway::test
