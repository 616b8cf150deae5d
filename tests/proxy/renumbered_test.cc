#include <algorithm>
#include <vector>

#include "tests/proxy/data_plane_fixture.h"

namespace ringway::test {
namespace {

/// Connections that are accepted while the ports of a plan change places.
class RenumberedTest : public DataPlaneTest {
 protected:
  std::shared_ptr<const proxy::ServicePort> port(const std::string& service, const proxy::SocketAddress& vip,
                                                 const EchoServer& server) {
    auto port = std::make_shared<proxy::ServicePort>();
    port->key = {.ns = "default", .service = service, .port = "http"};
    port->listen = {vip};
    port->stats = stats_;
    kept_.push_back(std::make_shared<proxy::EndpointState>(port->key, server.address(), "default/" + service, stats_));
    port->endpoints = {kept_.back()};
    return port;
  }

  /// In the first order, or the other way round.
  void put(std::vector<std::shared_ptr<const proxy::ServicePort>> ports, bool reversed) {
    if (reversed) {
      std::ranges::reverse(ports);
    }
    auto snapshot = std::make_shared<proxy::Snapshot>();
    snapshot->version = ++version_;
    snapshot->ports = ports;
    ASSERT_TRUE(plane_->bind(*snapshot));
    plane_->publish(snapshot);
  }
};

TEST_P(RenumberedTest, each_reaches_the_service_that_it_dialed) {
  constexpr int kRounds = 100;
  constexpr int kClients = 10;
  const EchoServer one({.name = "one"});
  const EchoServer two({.name = "two"});
  start({.workers = 1});
  const std::vector<std::shared_ptr<const proxy::ServicePort>> ports{port("one", vip_, one),
                                                                     port("two", next_vip(), two)};
  put(ports, false);
  ASSERT_TRUE(wait_until([&] { return plane_->version_in_force() == version_; }));
  std::vector<TcpClient> clients;
  clients.reserve(kRounds * kClients);
  for (int round = 0; round < kRounds; ++round) {
    for (int client = 0; client < kClients; ++client) {
      clients.emplace_back(vip_);
    }
    put(ports, round % 2 == 0);
  }
  for (TcpClient& client : clients) {
    ASSERT_EQ(client.receive(4), "one\n");
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, RenumberedTest, testing::Values(proxy::Engine::kIoUring, proxy::Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::test
