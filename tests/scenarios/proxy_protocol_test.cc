#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/harness/daemon.h"
#include "tests/harness/load.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

namespace ringway::test {
namespace {

using ::testing::IsEmpty;
using namespace std::string_view_literals;

constexpr auto kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
/// 127.0.0.1:42 to 127.0.0.1:1337.
constexpr auto kAddresses = "\x7f\x00\x00\x01\x7f\x00\x00\x01\x00\x2a\x05\x39"sv;

std::string word(std::size_t value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xffU)};
}

std::string tlv(char type, std::string_view value, std::size_t told_bytes) {
  return type + word(told_bytes) + std::string(value);
}
std::string authority(std::string_view value) {
  return tlv('\x02', value, value.size());
}

/// A header of version 2 over TCP4 that says that `told_bytes` follow its first 16.
std::string header(std::string_view tlvs, std::size_t told_bytes) {
  return std::string(kSignature) + "\x21\x11" + word(told_bytes) + std::string(kAddresses) + std::string(tlvs);
}
std::string header(std::string_view tlvs) {
  return header(tlvs, kAddresses.size() + tlvs.size());
}

/// A Service that trusts its clients' headers and sends its own to a server that sends everything back.
struct Mirror {
  std::string reflect(const std::string& said) const {
    TcpClient client(vip);
    EXPECT_TRUE(client.send(said));
    client.finish();
    return client.receive_all();
  }
  bool refuses(const std::string& said) const {
    TcpClient client(vip);
    client.send(said);
    return client.receive_all().empty() && client.ending() == Ending::kReset;
  }

  SocketAddress vip = next_vip();
  EchoServer server{{.mode = Mode::kEcho, .at = {}}};
  Daemon daemon{
      {.config = documents({{.vip = vip,
                             .endpoints = {server.address()},
                             .policy = "{proxyProtocol: {send: v2, trustedSources: [127.0.0.0/8], timeout: 5s}}"}})}};
};

TEST(ProxyProtocolScenario, a_tlv_is_taken_and_what_follows_the_header_is_data) {
  const Mirror mirror;
  const std::string said = header(authority("12345"));
  EXPECT_EQ(mirror.reflect(said + "hello"), said + "hello");
  EXPECT_EQ(mirror.reflect(said + authority("54321") + "hello"), said + authority("54321") + "hello")
      << "a TLV behind the end of the header is the client's data";
}

TEST(ProxyProtocolScenario, a_tlv_that_is_longer_than_the_header_or_does_not_end_with_it_is_refused) {
  const Mirror mirror;
  EXPECT_TRUE(mirror.refuses(header(tlv('\x02', "1234512345", 10), kAddresses.size() + 8) + "hello"));
  EXPECT_TRUE(mirror.refuses(header(authority("1234"), kAddresses.size() + 8) + "hello"));
  EXPECT_EQ(mirror.server.accepted(), 0U) << "no server hears of them";
  EXPECT_EQ(mirror.reflect(header("") + "hello"), header("") + "hello") << "and the next one is served";
}

TEST(ProxyProtocolScenario, a_zero_in_a_value_ends_nothing) {
  const Mirror mirror;
  const std::string said = header(authority("public\0x"sv));
  EXPECT_EQ(mirror.reflect(said + "hello"), said + "hello");
}

TEST(ProxyProtocolScenario, a_header_that_is_cut_anywhere_is_whole_again) {
  const Mirror mirror;
  const std::string said = header(authority("12345"));
  for (std::size_t at = 1; at < said.size(); ++at) {
    TcpClient client(mirror.vip);
    ASSERT_TRUE(client.send(said.substr(0, at)));
    ASSERT_TRUE(client.send(said.substr(at) + "hello"));
    EXPECT_EQ(client.receive(said.size() + 5), said + "hello") << "cut after " << at << " bytes";
  }
}

TEST(ProxyProtocolScenario, no_connection_fails_that_one_service_tells_another_of) {
  for (const std::string version : {"v1", "v2"}) {
    const auto servers = start_servers(2);
    const ServiceSpec back{.name = "back",
                           .vip = next_vip(),
                           .endpoints = addresses_of(servers),
                           .policy = "{proxyProtocol: {trustedSources: [127.0.0.0/8]}}"};
    const std::string sum = version == "v2" ? ", crc32c: true, uniqueId: true" : "";
    const ServiceSpec front{.name = "front",
                            .vip = next_vip(),
                            .endpoints = {back.vip},
                            .policy = "{proxyProtocol: {send: " + version + sum + "}}"};
    const Daemon daemon({.config = documents({front, back}), .spec_lines = {"workers: 4"}});
    Load load({.to = front.vip, .short_lived = 8, .pace = {.round_bytes = 2'000}, .limit = 800});
    const LoadReport report = load.finish(kPatience);
    EXPECT_THAT(report.failures, IsEmpty()) << version << ": " << report.failures_text();
    EXPECT_EQ(report.finished, 800U) << version;
    EXPECT_TRUE(wait_until([&] { return daemon.metric("ringway_connections_total", {{"service", "back"}}) == 800; }))
        << version;
  }
}

}  // namespace
}  // namespace ringway::test
