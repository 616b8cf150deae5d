#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>

#include "tests/harness/client_hello.h"
#include "tests/proxy/data_plane_fixture.h"

// Sessions that go where their ClientHello says, over real sockets.
namespace ringway::test {
namespace {

using proxy::Cause;
using proxy::ServicePort;
using proxy::SniMiss;

std::string length(std::size_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = bytes; i > 0; --i) {
    text += static_cast<char>(value >> 8 * (i - 1) & 0xffU);
  }
  return text;
}

constexpr std::uint32_t kPort = 0;
constexpr std::uint32_t kShop = 1;

class SniTest : public DataPlaneTest {
 protected:
  void SetUp() override { start(); }

  /// A port with one route, for shop.example and *.shop.example.
  void route(const std::vector<SocketAddress>& own, const std::vector<SocketAddress>& shop,
             const proxy::SessionPolicy& policy = {}) {
    auto port = make(own, "", policy);
    port->listen = {vip_};
    port->proxy_sources = proxy_sources_;
    auto sni = std::make_shared<proxy::SniRoutes>();
    sni->names.add("shop.example", kShop);
    sni->names.add("*.shop.example", kShop);
    sni->slots = {kShop};
    sni->timeout = timeout_;
    sni->reject = reject_;
    sni->stats = sni_stats_;
    port->sni = sni;
    auto of_shop = make(shop, "shop.example", policy);
    of_shop->route = route_stats_;
    of_shop->silent = silent_route_;
    of_shop->route_of = kPort;
    publish({port, of_shop});
  }
  std::shared_ptr<ServicePort> make(const std::vector<SocketAddress>& endpoints, const std::string& name,
                                    const proxy::SessionPolicy& policy) {
    auto port = std::make_shared<ServicePort>();
    port->key = {.ns = "default", .service = "web", .port = "https", .route = name};
    port->policy = policy;
    port->stats = stats_;
    for (const SocketAddress& address : endpoints) {
      port->endpoints.push_back(std::make_shared<proxy::EndpointState>(port->key, address, "default/" + name, stats_));
      kept_.push_back(port->endpoints.back());
    }
    return port;
  }
  /// What comes back first when a client says this to servers that greet.
  std::string greeting(const std::string& said, std::size_t bytes) {
    TcpClient client(vip_);
    EXPECT_TRUE(client.send(said));
    return client.receive(bytes);
  }
  [[nodiscard]] std::uint64_t missed(SniMiss miss) const {
    return sni_stats_->missed[static_cast<std::size_t>(miss)].load();
  }

  milliseconds timeout_ = milliseconds(10'000);
  bool reject_ = false;
  bool silent_route_ = false;  ///< without endpoints
  std::shared_ptr<proxy::SniStats> sni_stats_ = std::make_shared<proxy::SniStats>();
  std::shared_ptr<proxy::RouteStats> route_stats_ = std::make_shared<proxy::RouteStats>();
  EchoServer own_{{.name = "own"}};
  EchoServer shop_{{.name = "shop"}};
  const std::string hello_ = client_hello("www.shop.example");
};

TEST_P(SniTest, a_session_goes_where_its_server_name_says) {
  route({own_.address()}, {shop_.address()});
  const std::string shop = "shop\n" + hello_;
  EXPECT_EQ(greeting(hello_, shop.size()), shop) << "what was said arrives whole";
  const std::string other = client_hello("other.example");
  EXPECT_EQ(greeting(other, 4 + other.size()), "own\n" + other);
  const std::string none = client_hello("");
  EXPECT_EQ(greeting(none, 4 + none.size()), "own\n" + none);
  EXPECT_EQ(route_stats_->sessions, 1U);
  EXPECT_EQ(missed(SniMiss::kNoRoute), 1U);
  EXPECT_EQ(missed(SniMiss::kNoName), 1U);
  EXPECT_TRUE(no_session_left());
}

TEST_P(SniTest, a_hello_may_come_in_pieces) {
  route({own_.address()}, {shop_.address()});
  for (const std::string& hello : {hello_, in_records(hello_, 50)}) {
    TcpClient client(vip_);
    for (const char one : hello) {
      ASSERT_TRUE(client.send({&one, 1}));
    }
    ASSERT_TRUE(client.send("more"));
    EXPECT_EQ(client.receive(5 + hello.size() + 4), "shop\n" + hello + "more");
  }
}

TEST_P(SniTest, what_is_no_tls_is_passed_on_at_once) {
  route({own_.address()}, {shop_.address()});
  EXPECT_EQ(greeting("GET /", 9), "own\nGET /");
  EXPECT_EQ(missed(SniMiss::kNoHello), 1U);
}

TEST_P(SniTest, a_client_that_says_too_little_is_passed_on_after_the_timeout) {
  timeout_ = milliseconds(30);
  route({own_.address()}, {shop_.address()});
  TcpClient silent(vip_);
  EXPECT_EQ(silent.receive(4), "own\n");
  TcpClient slow(vip_);
  ASSERT_TRUE(slow.send(hello_.substr(0, 100)));
  EXPECT_EQ(slow.receive(104), "own\n" + hello_.substr(0, 100));
  ASSERT_TRUE(slow.send(hello_.substr(100)));
  EXPECT_EQ(slow.receive(hello_.size() - 100), hello_.substr(100));
  EXPECT_EQ(missed(SniMiss::kTimeout), 2U);
}

TEST_P(SniTest, a_hello_that_is_too_long_is_passed_on_whole) {
  route({own_.address()}, {shop_.address()});
  // Nothing in it is wrong, but with a head before each 5 bytes it has twice as many as are held.
  const std::string extension = "\x1a\x1a" + length(15'000, 2) + std::string(15'000, 'x');
  const std::string body = "\x03\x03" + std::string(32, 'r') + length(0, 1) + length(2, 2) + "\x13\x01" + length(1, 1) +
                           std::string(1, '\0') + length(extension.size(), 2) + extension;
  const std::string longest = in_records("\x16\x03\x01xx\x01" + length(body.size(), 3) + body, 5);
  TcpClient client(vip_);
  ASSERT_TRUE(client.send(longest));
  EXPECT_EQ(client.receive(4 + longest.size()), "own\n" + longest);
  EXPECT_EQ(missed(SniMiss::kNoHello), 1U);
}

TEST_P(SniTest, a_fin_in_the_place_of_a_hello_is_passed_on) {
  EchoServer echo({.mode = Mode::kEcho});
  route({echo.address()}, {shop_.address()});
  for (const std::string& said : {std::string(), hello_.substr(0, 100)}) {
    TcpClient client(vip_);
    ASSERT_TRUE(client.send(said));
    client.finish();
    EXPECT_EQ(client.receive_all(), said);
    EXPECT_EQ(client.ending(), Ending::kFin);
  }
  TcpClient whole(vip_);
  ASSERT_TRUE(whole.send(hello_));
  whole.finish();
  EXPECT_EQ(whole.receive_all(), "shop\n" + hello_);
  EXPECT_EQ(whole.ending(), Ending::kFin);
  EXPECT_TRUE(no_session_left());
}

TEST_P(SniTest, who_takes_no_route_is_refused_where_that_is_asked) {
  reject_ = true;
  route({own_.address()}, {shop_.address()});
  TcpClient client(vip_);
  ASSERT_TRUE(client.send(client_hello("other.example")));
  EXPECT_EQ(client.receive_all(), "");
  EXPECT_EQ(client.ending(), Ending::kReset);
  EXPECT_TRUE(wait_until([&] { return ended(Cause::kServerName) == 1; }));
  EXPECT_EQ(greeting(hello_, 5), "shop\n");
}

TEST_P(SniTest, a_port_gives_no_answer_while_one_of_its_routes_is_silent_and_none_serves) {
  silent_route_ = true;
  route({}, {});
  EXPECT_EQ(TcpClient(vip_, milliseconds(200)).error(), ETIMEDOUT);
  route({own_.address()}, {});
  EXPECT_EQ(greeting(client_hello("other.example"), 4), "own\n");
  route({}, {});
  EXPECT_EQ(TcpClient(vip_, milliseconds(200)).error(), ETIMEDOUT);
  silent_route_ = false;
  route({}, {});
  EXPECT_EQ(TcpClient(vip_).error(), ECONNREFUSED);
}

TEST_P(SniTest, a_port_listens_while_one_of_its_routes_has_endpoints) {
  route({}, {shop_.address()});
  EXPECT_EQ(greeting(hello_, 5), "shop\n");
  TcpClient other(vip_);
  ASSERT_TRUE(other.send(client_hello("other.example")));
  EXPECT_EQ(other.receive_all(), "");
  EXPECT_TRUE(wait_until([&] { return ended(Cause::kNoEndpoint) == 1; }));
  route({}, {});
  EXPECT_EQ(TcpClient(vip_).error(), ECONNREFUSED);
}

TEST_P(SniTest, routes_may_go_while_a_hello_is_awaited) {
  route({own_.address()}, {shop_.address()});
  TcpClient client(vip_);
  ASSERT_TRUE(client.send(hello_.substr(0, 100)));
  ASSERT_TRUE(wait_until([&] { return sum(&proxy::ServiceCounters::active) == 1; }));
  serve({own_.address()});
  ASSERT_TRUE(client.send(hello_.substr(100)));
  EXPECT_EQ(client.receive(4 + hello_.size()), "own\n" + hello_);
}

TEST_P(SniTest, a_proxy_header_goes_before_the_hello_and_the_name_into_the_next) {
  const std::vector rules = {proxy::parse_access_rule("127.0.0.0/8", true).value()};
  proxy_sources_ = std::make_shared<const proxy::AccessList>(rules, false);
  EchoServer echo({.mode = Mode::kEcho});
  route({own_.address()}, {echo.address()}, {.proxy_send = proxy::ProxyVersion::kV2});
  TcpClient client(vip_);
  ASSERT_TRUE(client.send("PROXY TCP4 10.1.2.3 10.0.0.1 4567 443\r\n" + hello_));
  client.finish();
  const std::string got = client.receive_all();
  const auto parsed = proxy::parse_proxy_header(std::as_bytes(std::span(got)));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->connection.source.to_string(), "10.1.2.3:4567");
  EXPECT_EQ(parsed->connection.authority, "www.shop.example");
  EXPECT_EQ(got.substr(parsed->size), hello_);
}

INSTANTIATE_TEST_SUITE_P(Engines, SniTest, testing::Values(proxy::Engine::kIoUring, proxy::Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::test
