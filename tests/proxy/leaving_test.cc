#include <vector>

#include "tests/harness/own_namespace.h"
#include "tests/proxy/data_plane_fixture.h"

namespace ringway::test {
namespace {

/// Virtual IPs that the data plane adds to `lo` of a network namespace of the test's own, and takes away again.
class LeavingTest : public DataPlaneTest {
 protected:
  void SetUp() override {
    if (const std::string hindrance = enter_own_namespace(); !hindrance.empty()) {
      GTEST_SKIP() << "no network namespace of our own: " << hindrance;
    }
  }

  static proxy::SocketAddress vip(std::uint32_t number) { return {proxy::IpAddress::v4(0x0A400001U + number), 8080}; }

  /// A Service for each of the first `count` virtual IPs, all with this endpoint.
  void serve_many(std::uint32_t count, const proxy::SocketAddress& endpoint) {
    std::vector<std::shared_ptr<const proxy::ServicePort>> ports;
    for (std::uint32_t number = 0; number < count; ++number) {
      auto port = std::make_shared<proxy::ServicePort>();
      port->key = {.ns = "default", .service = "web" + std::to_string(number), .port = "http"};
      port->listen = {vip(number)};
      port->stats = stats_;
      kept_.push_back(std::make_shared<proxy::EndpointState>(port->key, endpoint, "default/web", stats_));
      port->endpoints = {kept_.back()};
      ports.push_back(port);
    }
    publish(ports);
  }
};

TEST_P(LeavingTest, of_many_that_leave_at_once_those_with_a_session_stay) {
  constexpr std::uint32_t kIps = 300;
  const std::vector<std::uint32_t> in_use{0, 17, kIps - 1};
  start({.workers = 2});
  const EchoServer echo({.name = "a"});
  serve_many(kIps, echo.address());
  ASSERT_EQ(plane_->added_virtual_ips().size(), kIps);
  std::vector<TcpClient> clients;
  std::vector<proxy::IpAddress> stay;
  for (const std::uint32_t number : in_use) {
    clients.emplace_back(vip(number));
    stay.push_back(vip(number).ip());
  }
  ASSERT_TRUE(wait_until([&] { return worker_sum(&proxy::WorkerCounters::sessions_active) == in_use.size(); }));
  publish({});
  EXPECT_TRUE(wait_until([&] {
    plane_->maintain();
    return plane_->added_virtual_ips().size() <= in_use.size();
  }));
  EXPECT_EQ(plane_->added_virtual_ips(), stay);
  clients.clear();
  EXPECT_TRUE(wait_until([&] {
    plane_->maintain();
    return plane_->added_virtual_ips().empty();
  }));
}

INSTANTIATE_TEST_SUITE_P(Engines, LeavingTest, testing::Values(proxy::Engine::kIoUring, proxy::Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::test
