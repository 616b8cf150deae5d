#include "proxy/steer/steering.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>

#include <thread>

#include "proxy/ring/sockets.h"
#include "tests/harness/fd.h"
#include "tests/harness/own_namespace.h"
#include "tests/harness/process.h"
#include "tests/harness/tcp_client.h"

namespace ringway::test {
namespace {

using proxy::IpAddress;
using proxy::Protocol;

SocketAddress at(const char* ip, std::uint16_t port = 80) {
  return {IpAddress::parse(ip).value(), port};
}

/// A socket that is bound to the loopback address of its family, and listens where it is one of TCP.
Fd bound(int family, int type) {
  Fd fd(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_storage storage{};
  const socklen_t length = at(family == AF_INET ? "127.0.0.1" : "::1", 0).fill(storage);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length), 0);
  EXPECT_TRUE(type != SOCK_STREAM || listen(fd.get(), 8) == 0);
  return fd;
}

class SteeringTest : public ::testing::Test {
 protected:
  void SetUp() override {
    before_ = Fd(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (const std::string hindrance = enter_own_namespace(); !hindrance.empty()) {
      GTEST_SKIP() << "no network namespace of our own: " << hindrance;
    }
    auto opened = proxy::Steering::open();
    if (!opened) {
      GTEST_SKIP() << opened.error().context;
    }
    steering_ = std::move(*opened);
  }
  void TearDown() override {
    steering_.reset();
    setns(before_.get(), CLONE_NEWNET);
  }

  void serve(const Fd& fd) {
    const auto served = steering_->serve_by(fd.get());
    ASSERT_TRUE(served) << served.error().context;
  }

  Fd before_;
  std::unique_ptr<proxy::Steering> steering_;
};

/// The local address of a connection that waits in the backlog.
std::string accepted_at(const Fd& listener) {
  const Fd fd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  return getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &length) == 0
             ? SocketAddress::from(storage).to_string()
             : "nothing";
}

TEST_F(SteeringTest, only_what_was_added_comes_to_the_socket) {
  const Fd listener = bound(AF_INET, SOCK_STREAM);
  serve(listener);
  const std::array both = {at("127.1.2.3"), at("127.1.2.4", 443)};
  EXPECT_EQ(TcpClient(both[0]).error(), ECONNREFUSED);
  ASSERT_TRUE(steering_->add(Protocol::kTcp, both));
  EXPECT_TRUE(TcpClient(both[0]).connected());
  EXPECT_EQ(accepted_at(listener), "127.1.2.3:80");
  EXPECT_TRUE(TcpClient(both[1]).connected());
  EXPECT_EQ(accepted_at(listener), "127.1.2.4:443");
  EXPECT_EQ(TcpClient(at("127.1.2.3", 443)).error(), ECONNREFUSED);
  steering_->remove(Protocol::kTcp, std::span(both).first(1));
  EXPECT_EQ(TcpClient(both[0]).error(), ECONNREFUSED);
  EXPECT_TRUE(TcpClient(both[1]).connected());
}

TEST_F(SteeringTest, ipv6_and_ipv4_have_a_socket_each) {
  ASSERT_EQ(run({"ip", "-6", "route", "add", "local", "fd00:1::/64", "dev", "lo"}).status, 0);
  const Fd four = bound(AF_INET, SOCK_STREAM);
  const Fd six = bound(AF_INET6, SOCK_STREAM);
  serve(four);
  serve(six);
  const std::array both = {at("127.1.2.3"), at("fd00:1::7")};
  ASSERT_TRUE(steering_->add(Protocol::kTcp, both));
  EXPECT_TRUE(TcpClient(both[0]).connected());
  EXPECT_TRUE(TcpClient(both[1]).connected());
  EXPECT_EQ(accepted_at(six), "[fd00:1::7]:80");
  EXPECT_EQ(accepted_at(four), "127.1.2.3:80");
}

TEST_F(SteeringTest, a_prefix_stands_for_all_of_its_addresses_with_one_port) {
  ASSERT_EQ(run({"ip", "route", "add", "local", "10.64.0.0/16", "dev", "lo"}).status, 0);
  ASSERT_EQ(run({"ip", "-6", "route", "add", "local", "fd00:1::/48", "dev", "lo"}).status, 0);
  const Fd four = bound(AF_INET, SOCK_STREAM);
  const Fd six = bound(AF_INET6, SOCK_STREAM);
  serve(four);
  serve(six);
  const proxy::Prefix v4{IpAddress::parse("10.64.32.0").value(), 20};
  const proxy::Prefix v6{IpAddress::parse("fd00:1:0:8::").value(), 62};
  ASSERT_TRUE(steering_->add(Protocol::kTcp, v4, 80));
  ASSERT_TRUE(steering_->add(Protocol::kTcp, v6, 80));
  EXPECT_TRUE(TcpClient(at("10.64.32.0")).connected());
  EXPECT_TRUE(TcpClient(at("10.64.47.255")).connected());
  EXPECT_EQ(TcpClient(at("10.64.48.0")).error(), ECONNREFUSED);
  EXPECT_EQ(TcpClient(at("10.64.32.0", 81)).error(), ECONNREFUSED);
  EXPECT_TRUE(TcpClient(at("fd00:1:0:b::1")).connected());
  EXPECT_EQ(TcpClient(at("fd00:1:0:c::1")).error(), ECONNREFUSED);
  steering_->remove(Protocol::kTcp, v4, 80);
  EXPECT_EQ(TcpClient(at("10.64.32.0")).error(), ECONNREFUSED);
}

TEST_F(SteeringTest, a_silent_address_gets_no_answer) {
  ASSERT_EQ(run({"ip", "-6", "route", "add", "local", "fd00:1::/64", "dev", "lo"}).status, 0);
  for (const auto& [family, address] : {std::pair(AF_INET, at("127.1.2.3")), {AF_INET6, at("fd00:1::7")}}) {
    const Fd listener = bound(family, SOCK_STREAM);
    const Fd silent = bound(family, SOCK_STREAM);
    proxy::sockets::silence(silent.get(), true);
    serve(listener);
    ASSERT_TRUE(steering_->serve_by(silent.get(), proxy::Steered::kSilent));
    const std::array one = {address};
    ASSERT_TRUE(steering_->add(Protocol::kTcp, one, proxy::Steered::kSilent));
    EXPECT_EQ(TcpClient(address, milliseconds(200)).error(), ETIMEDOUT);
    ASSERT_TRUE(steering_->add(Protocol::kTcp, one));
    EXPECT_TRUE(TcpClient(address).connected());
    ASSERT_TRUE(steering_->add(Protocol::kTcp, one, proxy::Steered::kSilent));
    EXPECT_EQ(TcpClient(address, milliseconds(200)).error(), ETIMEDOUT);
    steering_->remove(Protocol::kTcp, one);
    EXPECT_EQ(TcpClient(address).error(), ECONNREFUSED);
  }
}

TEST_F(SteeringTest, datagrams_come_to_the_socket_of_udp) {
  const Fd server = bound(AF_INET, SOCK_DGRAM);
  serve(server);
  const std::array addresses = {at("127.1.2.3", 53)};
  ASSERT_TRUE(steering_->add(Protocol::kUdp, addresses));
  const Fd client(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  const socklen_t length = addresses[0].fill(storage);
  EXPECT_EQ(sendto(client.get(), "ask", 3, 0, reinterpret_cast<const sockaddr*>(&storage), length), 3);
  std::array<char, 8> got{};
  EXPECT_EQ(recv(server.get(), got.data(), got.size(), 0), 3);
  EXPECT_EQ(TcpClient(addresses[0]).error(), ECONNREFUSED);
}

TEST_F(SteeringTest, who_steers_an_address_first_keeps_it) {
  const Fd first = bound(AF_INET, SOCK_STREAM);
  const Fd second = bound(AF_INET, SOCK_STREAM);
  const std::array addresses = {at("127.1.2.3")};
  serve(first);
  ASSERT_TRUE(steering_->add(Protocol::kTcp, addresses));
  auto other = proxy::Steering::open();
  ASSERT_TRUE(other);
  EXPECT_FALSE(steering_->others_first());
  EXPECT_TRUE((*other)->others_first());
  ASSERT_TRUE((*other)->serve_by(second.get()));
  ASSERT_TRUE((*other)->add(Protocol::kTcp, addresses));
  EXPECT_TRUE(TcpClient(addresses[0]).connected());
  EXPECT_EQ(accepted_at(first), "127.1.2.3:80");
  EXPECT_EQ(accepted_at(second), "nothing");
  steering_.reset();
  EXPECT_TRUE(TcpClient(addresses[0]).connected());
  EXPECT_EQ(accepted_at(second), "127.1.2.3:80");
}

TEST_F(SteeringTest, there_is_a_limit_and_it_is_told) {
  std::vector<SocketAddress> many;
  for (std::uint32_t i = 0; i <= proxy::kMaxSteered; ++i) {
    many.emplace_back(IpAddress::v4(0x0A000000 + i), 80);
  }
  ASSERT_TRUE(steering_->add(Protocol::kTcp, std::span(many).first(proxy::kMaxSteered)));
  const auto refused = steering_->add(Protocol::kTcp, many);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, proxy::ErrorCode::kExhausted);
}

TEST(CanSteerTest, without_capabilities_the_error_names_them) {
  if (const auto can = proxy::can_steer(); !can) {
    GTEST_SKIP() << can.error().context;
  }
  std::jthread([] {
    drop_capabilities();
    const auto refused = proxy::can_steer();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().context.find("CAP_BPF"), std::string::npos);
  });
}

}  // namespace
}  // namespace ringway::test
