#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>

#include "tests/harness/daemon.h"
#include "tests/harness/own_namespace.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// Virtual IPs outside of 127.0.0.0/8, in a network namespace of our own.
namespace ringway::test {
namespace {

using ::testing::HasSubstr;

bool is_local(const IpAddress& ip) {
  sockaddr_storage storage{};
  const socklen_t length = SocketAddress(ip, 0).fill(storage);
  const Fd fd(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0;
}

class VirtualIpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    before_ = Fd(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (const std::string hindrance = enter_own_namespace(); !hindrance.empty()) {
      GTEST_SKIP() << "no network namespace of our own: " << hindrance;
    }
    server_ = std::make_unique<EchoServer>(ServerOptions{.at = {}});
  }
  void TearDown() override { setns(before_.get(), CLONE_NEWNET); }

  [[nodiscard]] ServiceSpec service(const std::string& name, const std::string& ip) const {
    return {.name = name,
            .vip = {IpAddress::parse(ip).value(), kVipPort},
            .endpoints = {server_->address()},
            .policy = "{drain: {timeout: 1s}}"};
  }

  Fd before_;
  std::unique_ptr<EchoServer> server_;
};

TEST_F(VirtualIpTest, is_there_while_the_daemon_runs) {
  const ServiceSpec four = service("four", "10.77.0.10");
  const ServiceSpec six = service("six", "fd00:77::10");
  Daemon daemon({.config = documents({four, six})});
  EXPECT_EQ(TcpClient(four.vip).receive(7), "server\n");
  EXPECT_EQ(TcpClient(six.vip).receive(7), "server\n");
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_FALSE(is_local(four.vip.ip()));
  EXPECT_FALSE(is_local(six.vip.ip()));
}

TEST_F(VirtualIpTest, comes_and_goes_with_a_reload) {
  const ServiceSpec one = service("one", "10.77.0.10");
  const ServiceSpec two = service("two", "10.77.0.11");
  Daemon daemon({.config = documents({one})});
  daemon.reconfigure(documents({one, two}));
  EXPECT_EQ(TcpClient(two.vip).receive(7), "server\n");
  daemon.reconfigure(documents({two}));
  EXPECT_TRUE(wait_until([&] { return !is_local(one.vip.ip()); }));
  EXPECT_EQ(TcpClient(two.vip).receive(7), "server\n");
}

TEST_F(VirtualIpTest, that_a_killed_daemon_left_goes_with_the_next_one) {
  const ServiceSpec one = service("one", "10.77.0.10");
  const ServiceSpec two = service("two", "10.77.0.11");
  Daemon daemon({.config = documents({one, two})});
  daemon.kill();
  ASSERT_TRUE(is_local(one.vip.ip()));
  daemon.write_config(documents({two}));
  daemon.start();
  EXPECT_FALSE(is_local(one.vip.ip())) << "nobody wants it any more";
  EXPECT_EQ(TcpClient(two.vip).receive(7), "server\n");
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_FALSE(is_local(two.vip.ip()));
}

TEST_F(VirtualIpTest, with_mode_off_is_refused_at_the_start) {
  Daemon daemon({.config = documents({service("one", "10.77.0.10")}),
                 .spec_lines = {"virtualIPs: {mode: off}"},
                 .wait_ready = false});
  EXPECT_EQ(daemon.process().wait(), 1);
  EXPECT_THAT(daemon.log(), HasSubstr("10.77.0.10"));
  EXPECT_THAT(daemon.log(), HasSubstr("virtualIPs.mode is off"));
}

TEST_F(VirtualIpTest, that_cannot_be_added_refuses_a_reload) {
  const ServiceSpec web{.vip = next_vip(), .endpoints = {server_->address()}};
  Daemon daemon({.config = documents({web}), .spec_lines = {"virtualIPs: {mode: auto, interface: nowhere0}"}});
  daemon.write_config(documents({web, service("one", "10.77.0.10")}));
  const Outcome outcome = daemon.reload();
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("no interface named nowhere0"));
  EXPECT_EQ(TcpClient(web.vip).receive(7), "server\n");
}

}  // namespace
}  // namespace ringway::test
