#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/proxy/data_plane_fixture.h"

// The PROXY header, in and out, over real sockets.
namespace ringway::test {
namespace {

using proxy::Cause;
using proxy::ProxyVersion;

class ProxyHeaderTest : public DataPlaneTest {
 protected:
  /// What an upstream that echoes got first, as it came back to the client.
  std::string header_seen(const proxy::SessionPolicy& policy, const std::string& said) {
    EchoServer server({.mode = Mode::kEcho});
    serve({server.address()}, policy);
    TcpClient client(vip_);
    local_ = client.local();
    EXPECT_TRUE(client.send(said));
    client.finish();
    return client.receive_all();
  }
  /// Of the first `count` sessions that the access log tells of.
  std::vector<std::string> ended_ids(std::size_t count) {
    std::vector<std::string> ids;
    EXPECT_TRUE(wait_until([&] {
      for (const auto& session : plane_->take_ended()) {
        ids.push_back(session.id);
      }
      return ids.size() >= count;
    }));
    return ids;
  }
  void trust(const std::string& network) {
    const std::vector rules = {proxy::parse_access_rule(network, true).value()};
    proxy_sources_ = std::make_shared<const proxy::AccessList>(rules, false);
  }
  [[nodiscard]] std::string v1_of(const SocketAddress& source) const {
    return "PROXY TCP4 " + source.ip().to_string() + " " + vip_.ip().to_string() + " " + std::to_string(source.port()) +
           " " + std::to_string(vip_.port()) + "\r\n";
  }
  SocketAddress local_;
};

TEST_P(ProxyHeaderTest, an_upstream_is_told_who_the_client_is) {
  start();
  const std::string got = header_seen({.proxy_send = ProxyVersion::kV1}, "hello");
  EXPECT_EQ(got, v1_of(local_) + "hello");
}

TEST_P(ProxyHeaderTest, version_2_has_a_sum_and_an_id) {
  start();
  const std::string got =
      header_seen({.proxy_send = ProxyVersion::kV2, .proxy_crc32c = true, .proxy_unique_id = true}, "hello");
  const auto parsed = proxy::parse_proxy_header(std::as_bytes(std::span(got)));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->connection.source, local_);
  EXPECT_EQ(parsed->connection.destination, vip_);
  EXPECT_EQ(parsed->connection.unique_id.size(), 32);
  EXPECT_EQ(got.substr(parsed->size), "hello");
}

TEST_P(ProxyHeaderTest, the_id_in_the_header_is_that_of_the_access_log) {
  start({.workers = 1, .access_log = true});
  const std::string got = header_seen({.proxy_send = ProxyVersion::kV2, .proxy_unique_id = true}, "hello");
  const auto parsed = proxy::parse_proxy_header(std::as_bytes(std::span(got)));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(ended_ids(1), std::vector{parsed->connection.unique_id});
}

TEST_P(ProxyHeaderTest, the_id_that_a_client_was_given_goes_on_and_is_logged) {
  start({.workers = 1, .access_log = true});
  trust("127.0.0.0/8");
  const proxy::ProxiedConnection told{.source = SocketAddress::parse("10.1.2.3:4567").value(),
                                      .destination = SocketAddress::parse("10.9.9.9:80").value(),
                                      .unique_id = "an id that is longer than what fits into a string itself"};
  const auto bytes = proxy::write_proxy_header(told, ProxyVersion::kV2, false);
  const std::string header(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string got = header_seen({.proxy_send = ProxyVersion::kV2, .proxy_unique_id = true}, header + "hello");
  const auto parsed = proxy::parse_proxy_header(std::as_bytes(std::span(got)));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->connection.unique_id, told.unique_id);
  EXPECT_EQ(ended_ids(1), std::vector{told.unique_id});
}

TEST_P(ProxyHeaderTest, a_trusted_proxy_speaks_for_its_client) {
  start();
  trust("127.0.0.0/8");
  const SocketAddress source = SocketAddress::parse("10.1.2.3:4567").value();
  const std::string header = v1_of(source);
  // Header in and out: the upstream gets the same, and then what the client said.
  EXPECT_EQ(header_seen({.proxy_send = ProxyVersion::kV1}, header + "hello"), header + "hello");
  EXPECT_EQ(sum(&proxy::ServiceCounters::bytes_upstream), 5) << "the header is not the client's";
}

TEST_P(ProxyHeaderTest, a_header_may_come_in_pieces) {
  start();
  trust("127.0.0.0/8");
  EchoServer server({.mode = Mode::kEcho});
  serve({server.address()});
  TcpClient client(vip_);
  const std::string header = v1_of(SocketAddress::parse("10.1.2.3:4567").value());
  for (const char one : header) {
    ASSERT_TRUE(client.send({&one, 1}));
  }
  ASSERT_TRUE(client.send("x"));
  EXPECT_EQ(client.receive(1), "x");
}

TEST_P(ProxyHeaderTest, the_client_told_of_is_the_one_that_access_is_about) {
  start();
  trust("127.0.0.0/8");
  const std::vector rules = {proxy::parse_access_rule("10.0.0.0/8", false).value()};
  access_ = std::make_shared<const proxy::AccessList>(rules, true);
  EchoServer server({.mode = Mode::kEcho});
  serve({server.address()});
  TcpClient denied(vip_);
  ASSERT_TRUE(denied.send(v1_of(SocketAddress::parse("10.1.2.3:4567").value())));
  EXPECT_EQ(denied.receive_all(), "");
  EXPECT_EQ(denied.ending(), Ending::kReset);
  EXPECT_TRUE(wait_until([&] { return ended(Cause::kDenied) == 1; }));
  TcpClient allowed(vip_);
  ASSERT_TRUE(allowed.send(v1_of(SocketAddress::parse("11.1.2.3:4567").value()) + "x"));
  EXPECT_EQ(allowed.receive(1), "x");
}

TEST_P(ProxyHeaderTest, who_is_not_trusted_sends_data) {
  start();
  trust("10.0.0.0/8");
  EchoServer server({.mode = Mode::kEcho});
  serve({server.address()});
  TcpClient client(vip_);
  const std::string header = v1_of(SocketAddress::parse("10.1.2.3:4567").value());
  ASSERT_TRUE(client.send(header));
  EXPECT_EQ(client.receive(header.size()), header);
}

TEST_P(ProxyHeaderTest, a_wrong_late_or_missing_header_ends_the_session) {
  start();
  trust("127.0.0.0/8");
  EchoServer server({.mode = Mode::kEcho});
  serve({server.address()}, {.proxy_timeout = milliseconds(50)});
  TcpClient wrong(vip_);
  ASSERT_TRUE(wrong.send("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(wrong.receive_all(), "");
  EXPECT_EQ(wrong.ending(), Ending::kReset);
  TcpClient late(vip_);
  ASSERT_TRUE(late.send("PROXY TCP4 "));
  EXPECT_EQ(late.receive_all(), "");
  EXPECT_EQ(late.ending(), Ending::kReset);
  TcpClient missing(vip_);
  missing.finish();
  EXPECT_EQ(missing.receive_all(), "");
  EXPECT_TRUE(wait_until([&] { return ended(Cause::kProxyHeader) == 3; }));
  EXPECT_TRUE(no_session_left());
  EXPECT_EQ(endpoints_[0]->connections, 0);
}

INSTANTIATE_TEST_SUITE_P(Engines, ProxyHeaderTest, testing::Values(proxy::Engine::kIoUring, proxy::Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::test
