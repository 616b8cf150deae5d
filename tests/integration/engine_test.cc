#include <gtest/gtest.h>

#include "tests/harness/daemon.h"
#include "tests/harness/echo_server.h"
#include "tests/harness/places.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

namespace ringway::test {
namespace {

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

TEST(EngineTest, where_io_uring_is_forbidden_epoll_serves_and_says_so) {
  EchoServer server({.name = "one"});
  const auto vip = next_vip();
  Daemon daemon({.config = ServiceSpec{.vip = vip, .endpoints = {server.address()}}.yaml(), .without_io_uring = true});
  TcpClient client(vip);
  client.finish();
  EXPECT_EQ(client.receive_all(), "one\n");

  EXPECT_EQ(daemon.metric("ringway_engine_fallback"), 1);
  EXPECT_EQ(daemon.metric("ringway_build_info", {{"engine", "epoll"}}), 1);
  EXPECT_NE(daemon.get("/api/v1/version").body.find("seccomp-io_uring.json"), std::string::npos);
  EXPECT_EQ(count(daemon.log(), "io_uring cannot be used"), 1);
  EXPECT_NE(daemon.cli({"version"}).out.find("epoll"), std::string::npos);
}

TEST(EngineTest, io_uring_that_is_asked_for_and_forbidden_refuses_the_start) {
  Daemon daemon({.config = ServiceSpec{.vip = next_vip()}.yaml(),
                 .spec_lines = {"engine: io_uring"},
                 .wait_ready = false,
                 .without_io_uring = true});
  EXPECT_EQ(daemon.process().wait(), 1);
  EXPECT_NE(daemon.log().find("starting io_uring: "), std::string::npos);
  EXPECT_NE(daemon.log().find("seccomp"), std::string::npos);
}

}  // namespace
}  // namespace ringway::test
