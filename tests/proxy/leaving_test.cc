#include <algorithm>
#include <chrono>
#include <future>

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

  /// All that was posted to the worker is done, and so is the turn that it was done in.
  void settle() {
    for (int turn = 0; turn < 2; ++turn) {
      std::promise<void> done;
      plane_->list_sessions(0, [&done](const auto&) { done.set_value(); });
      done.get_future().wait();
    }
  }

  /// Maintains until `left` virtual IPs are there; the longest turn of the worker meanwhile.
  std::chrono::microseconds longest_turn_until(std::size_t left) {
    settle();
    const proxy::WorkerCounters& counters = plane_->worker_counters(0);
    static_cast<void>(counters.longest_turn_us.take());
    EXPECT_TRUE(wait_until([&] {
      plane_->maintain();
      settle();
      return plane_->added_virtual_ips().size() == left;
    }));
    return std::chrono::microseconds(counters.longest_turn_us.take());
  }
};

TEST_P(LeavingTest, many_virtual_ips_that_leave_at_once_do_not_hold_up_a_worker) {
  constexpr std::uint32_t kIps = 3000;
  constexpr std::size_t kSessions = 1500;
  // A look at each session for each address would take 11 ms here; one look at each takes 0.2 ms.
  constexpr std::chrono::milliseconds kMost(4);
  start({.workers = 1});
  const EchoServer echo({.name = "a"});
  serve_many(1, echo.address());
  std::vector<TcpClient> clients;
  clients.reserve(kSessions);
  for (std::size_t session = 0; session < kSessions; ++session) {
    clients.emplace_back(vip(0));
  }
  ASSERT_TRUE(wait_until([&] { return worker_sum(&proxy::WorkerCounters::sessions_active) == kSessions; }));
  // The best of some, for the machine may have other things to do.
  std::chrono::microseconds best = std::chrono::hours(1);
  for (int round = 0; round < 3; ++round) {
    serve_many(kIps, echo.address());
    ASSERT_EQ(plane_->added_virtual_ips().size(), kIps);
    publish({nullptr});
    best = std::min(best, longest_turn_until(1));
  }
  EXPECT_LT(best, kMost);
  EXPECT_EQ(plane_->added_virtual_ips(), std::vector{vip(0).ip()}) << "sessions that came in by it are there still";
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
