#include "daemon/health_ports.h"

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/daemon/serving.h"
#include "tests/harness/places.h"
#include "tests/harness/tcp_client.h"

namespace ringway::daemon {
namespace {

using ringway::test::Ending;
using ringway::test::TcpClient;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t kPlaces = 64;

class HealthPortsTest : public testing::Test {
 protected:
  void SetUp() override {
    loop_.on_loop([this] {
      ports_.emplace(loop_.context.get_executor(),
                     [](const HealthPorts::Name&) { return HealthPorts::State{3, true}; });
      EXPECT_THAT(ports_->follow({{address_, {"shop", "web"}}}), IsEmpty());
    });
  }
  void TearDown() override {
    loop_.on_loop([this] { ports_.reset(); });
  }

  /// What a load balancer gets that asks now.
  [[nodiscard]] std::string ask() const {
    TcpClient client(address_);
    client.send("GET / HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n");
    return client.receive_all();
  }

  const proxy::SocketAddress address_ = ringway::test::next_vip();
  test::LoopThread loop_;
  std::optional<HealthPorts> ports_;
};

TEST_F(HealthPortsTest, says_how_many_endpoints_there_are) {
  EXPECT_THAT(ask(), HasSubstr("\"localEndpoints\":3"));
}

TEST_F(HealthPortsTest, clients_that_say_nothing_make_room) {
  std::vector<std::unique_ptr<TcpClient>> silent;
  for (std::size_t client = 0; client < 3 * kPlaces; ++client) {
    silent.push_back(std::make_unique<TcpClient>(address_));
    ASSERT_TRUE(silent.back()->connected());
  }
  EXPECT_THAT(ask(), HasSubstr("200 OK"));
  EXPECT_EQ(silent.front()->receive_all(), "");
  EXPECT_EQ(silent.front()->ending(), Ending::kFin) << "the first to have been silent";
}

}  // namespace
}  // namespace ringway::daemon
