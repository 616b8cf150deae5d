#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "tests/harness/daemon.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// `/metrics` of a large configuration, and what goes on while it is read.
namespace ringway::test {
namespace {

constexpr char kLastChunk[] = "\r\n0\r\n\r\n";

/// What comes within the patience of a test: `bytes` of it, or all until the end.
std::string receive(const Fd& fd, std::size_t bytes = std::string::npos) {
  const auto deadline = Clock::now() + kPatience;
  std::string text;
  std::array<char, 65536> buffer;
  pollfd entry{.fd = fd.get(), .events = POLLIN, .revents = 0};
  while (text.size() < bytes && poll(&entry, 1, until(deadline)) > 0) {
    const ssize_t got = recv(fd.get(), buffer.data(), std::min(buffer.size(), bytes - text.size()), 0);
    if (got <= 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

TEST(ScrapeTest, a_change_is_in_force_while_a_slow_client_reads_all_metrics) {
  constexpr std::uint32_t kEndpoints = 2'000;
  ServiceSpec large{.name = "large", .vip = next_vip(), .endpoints = {}};
  for (std::uint32_t i = 0; i < kEndpoints; ++i) {
    large.endpoints.emplace_back(proxy::IpAddress::v4(0x0A000001 + i), 8080);
  }
  const auto server = start_servers(1);
  const ServiceSpec web{.vip = next_vip(), .endpoints = addresses_of(server)};
  Daemon daemon({.config = documents({large})});

  const Fd slow = connect_unix(daemon.admin().substr(std::string("unix:").size()));
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  ASSERT_EQ(send(slow.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  ASSERT_EQ(receive(slow, 12), "HTTP/1.1 200");
  daemon.reconfigure(documents({large, web}));
  TcpClient client(web.vip);
  EXPECT_EQ(client.receive(9), "server-0\n");

  const std::string all = daemon.get("/metrics").body;
  EXPECT_EQ(sum_of_samples(all, "ringway_endpoint_up", {{"service", "large"}}), kEndpoints);
  EXPECT_EQ(sum_of_samples(all, "ringway_endpoint_up", {{"service", "web"}}), 1);
  const std::string rest = receive(slow);
  EXPECT_TRUE(rest.ends_with(kLastChunk)) << rest.size() << " bytes";
  EXPECT_GT(rest.size(), all.size() / 2);
}

}  // namespace
}  // namespace ringway::test
