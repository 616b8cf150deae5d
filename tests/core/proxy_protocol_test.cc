#include "proxy/core/proxy_protocol.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace ringway::proxy {
namespace {

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::expected<ProxyHeader, ProxyHeaderError> parse(const std::string& text) {
  return parse_proxy_header(bytes_of(text));
}

bool is_invalid(const std::string& text) {
  const auto parsed = parse(text);
  return !parsed && parsed.error() == ProxyHeaderError::kInvalid;
}

SocketAddress address(const std::string& text) {
  return SocketAddress::parse(text).value();
}

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

/// A header of version 2 with this byte of version and command, family, and these bytes after the length.
std::string v2(std::uint8_t command, std::uint8_t family, const std::string& rest) {
  std::string text = kSignature;
  text += static_cast<char>(command);
  text += static_cast<char>(family);
  text += static_cast<char>(rest.size() >> 8U);
  text += static_cast<char>(rest.size() & 0xffU);
  return text + rest;
}

const std::string kAddresses4("\x0a\x00\x00\x01\xc0\xa8\x00\x02\x30\x39\x00\x50", 12);

TEST(ProxyProtocolV1, tells_client_and_destination) {
  const auto parsed = parse("PROXY TCP4 10.0.0.1 192.168.0.2 12345 80\r\nGET / HTTP/1.1\r\n");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->size, 42);
  EXPECT_FALSE(parsed->connection.local);
  EXPECT_EQ(parsed->connection.source, address("10.0.0.1:12345"));
  EXPECT_EQ(parsed->connection.destination, address("192.168.0.2:80"));
  const auto six = parse("PROXY TCP6 fd00::1 fd00::2 1 65535\r\n");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->connection.source, address("[fd00::1]:1"));
  const auto unknown = parse("PROXY UNKNOWN whatever stands here\r\n");
  ASSERT_TRUE(unknown);
  EXPECT_TRUE(unknown->connection.local);
}

TEST(ProxyProtocolV1, is_strict) {
  for (const char* text : {
           "GET / HTTP/1.1\r\n",
           "proxy TCP4 10.0.0.1 192.168.0.2 12345 80\r\n",
           "PROXY TCP4  10.0.0.1 192.168.0.2 12345 80\r\n",
           "PROXY TCP4 10.0.0.1 192.168.0.2 12345 80 \r\n",
           "PROXY TCP4 10.0.0.1 192.168.0.2 12345\r\n",
           "PROXY TCP4 10.0.0.1 192.168.0.2 012345 80\r\n",
           "PROXY TCP4 10.0.0.1 192.168.0.2 65536 80\r\n",
           "PROXY TCP4 10.0.0.1 192.168.0.2 -1 80\r\n",
           "PROXY TCP4 10.0.0.256 192.168.0.2 12345 80\r\n",
           "PROXY TCP4 localhost 192.168.0.2 12345 80\r\n",
           "PROXY TCP4 fd00::1 fd00::2 1 2\r\n",
           "PROXY TCP6 10.0.0.1 192.168.0.2 12345 80\r\n",
           "PROXY UDP4 10.0.0.1 192.168.0.2 12345 80\r\n",
           "PROXY \r\n",
           "PROXY UNKNOWNS\r\n",
       }) {
    EXPECT_TRUE(is_invalid(text)) << text;
  }
  EXPECT_TRUE(is_invalid("PROXY UNKNOWN " + std::string(100, 'x'))) << "no end within 107 bytes";
}

TEST(ProxyProtocolV2, tells_client_and_destination) {
  const auto parsed = parse(v2(0x21, 0x11, kAddresses4) + "data");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->size, 28);
  EXPECT_EQ(parsed->connection.source, address("10.0.0.1:12345"));
  EXPECT_EQ(parsed->connection.destination, address("192.168.0.2:80"));
  const auto local = parse(v2(0x20, 0x11, kAddresses4));
  ASSERT_TRUE(local);
  EXPECT_TRUE(local->connection.local);
  const auto unspecified = parse(v2(0x21, 0x00, "anything at all"));
  ASSERT_TRUE(unspecified);
  EXPECT_TRUE(unspecified->connection.local);
}

TEST(ProxyProtocolV2, what_a_unix_socket_told_is_not_passed_on) {
  const auto parsed = parse(v2(0x21, 0x31, std::string(216, 'u') + std::string("\x02\x00\x04name", 7)));
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->connection.local);
  EXPECT_EQ(parsed->connection.authority, "");
  EXPECT_TRUE(is_invalid(v2(0x21, 0x31, std::string(216, 'u') + std::string("\x02\x00\x05name", 7))));
}

TEST(ProxyProtocolV2, an_ipv4_client_told_of_as_ipv6_is_an_ipv4_client) {
  const std::string mapped = std::string(10, '\0') + "\xff\xff" + std::string("\x0a\x00\x00\x01", 4);
  const auto parsed =
      parse(v2(0x21, 0x21, mapped + std::string(15, '\0') + "\x01" + std::string("\x30\x39\x00\x50", 4)));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->connection.source, address("10.0.0.1:12345"));
  EXPECT_EQ(parsed->connection.destination, address("[::1]:80"));
}

TEST(ProxyProtocolV2, is_strict) {
  EXPECT_TRUE(is_invalid(v2(0x11, 0x11, kAddresses4))) << "version 1";
  EXPECT_TRUE(is_invalid(v2(0x22, 0x11, kAddresses4))) << "a command that there is not";
  EXPECT_TRUE(is_invalid(v2(0x21, 0x12, kAddresses4))) << "datagrams";
  EXPECT_TRUE(is_invalid(v2(0x21, 0x41, kAddresses4))) << "a family that there is not";
  EXPECT_TRUE(is_invalid(v2(0x21, 0x11, kAddresses4.substr(1)))) << "too short for its addresses";
  EXPECT_TRUE(is_invalid(v2(0x21, 0x11, kAddresses4 + std::string("\x02\x00", 2)))) << "half a TLV";
  EXPECT_TRUE(is_invalid(v2(0x21, 0x11, kAddresses4 + std::string("\x02\x00\x05name", 7)))) << "a TLV too long";
  EXPECT_TRUE(is_invalid(v2(0x21, 0x11, kAddresses4 + std::string("\x03\x00\x04\x01\x02\x03\x04", 7))))
      << "a wrong sum";
  EXPECT_TRUE(is_invalid(v2(0x21, 0x11, kAddresses4 + std::string("\x03\x00\x02\x01\x02", 5)))) << "half a sum";
  EXPECT_TRUE(is_invalid(v2(0x21, 0x11, kAddresses4 + std::string("\x05\x00\x81", 3) + std::string(129, 'i')))) << "id";
  EXPECT_TRUE(is_invalid(v2(0x21, 0x11, kAddresses4 + std::string(5000, '\0')))) << "longer than the limit";
  EXPECT_TRUE(is_invalid(kSignature.substr(0, 11) + "x"));
}

TEST(ProxyProtocolV2, checks_and_makes_the_sum_of_rfc_4960) {
  const ProxiedConnection connection{.source = address("10.0.0.1:12345"), .destination = address("192.168.0.2:80")};
  auto header = write_proxy_header(connection, ProxyVersion::kV2, true);
  // Worked out by another program, bit by bit.
  const auto expected = bytes_of(v2(0x21, 0x11, kAddresses4 + std::string("\x03\x00\x04\xd2\xe1\x48\xc2", 7)));
  EXPECT_EQ(header, expected);
  ASSERT_TRUE(parse_proxy_header(header));
  for (std::size_t bit = 0; bit < 8 * (header.size() - 16); ++bit) {
    header[16 + bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    const auto parsed = parse_proxy_header(header);
    // A bit of the TLV's type or length makes it another TLV, which is no mistake of the sum.
    const bool in_type_or_length = bit / 8 >= 12 && bit / 8 < 15;
    EXPECT_TRUE(!parsed || in_type_or_length) << "bit " << bit;
    header[16 + bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  }
}

TEST(ProxyProtocol, what_is_written_reads_the_same) {
  for (const auto& source : {"10.0.0.1:12345", "[fd00::1]:1"}) {
    for (const auto& destination : {"192.168.0.2:80", "[fd00::2]:65535"}) {
      for (const ProxyVersion version : {ProxyVersion::kV1, ProxyVersion::kV2}) {
        ProxiedConnection connection{.source = address(source), .destination = address(destination)};
        if (version == ProxyVersion::kV2) {
          connection.authority = "db.example";
          connection.unique_id = "0123";
        }
        const auto parsed = parse_proxy_header(write_proxy_header(connection, version, true));
        ASSERT_TRUE(parsed) << source << " " << destination;
        EXPECT_EQ(parsed->connection.source, connection.source);
        EXPECT_EQ(parsed->connection.destination, connection.destination);
        EXPECT_EQ(parsed->connection.authority, connection.authority);
        EXPECT_EQ(parsed->connection.unique_id, connection.unique_id);
      }
    }
  }
  for (const ProxyVersion version : {ProxyVersion::kV1, ProxyVersion::kV2}) {
    const auto parsed = parse_proxy_header(write_proxy_header({.local = true}, version, false));
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->connection.local);
  }
}

TEST(ProxyProtocol, every_beginning_of_a_header_is_incomplete) {
  const ProxiedConnection connection{.source = address("10.0.0.1:12345"), .destination = address("192.168.0.2:80")};
  for (const ProxyVersion version : {ProxyVersion::kV1, ProxyVersion::kV2}) {
    const auto whole = write_proxy_header(connection, version, true);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto parsed = parse_proxy_header(std::span(whole).first(size));
      ASSERT_FALSE(parsed) << size;
      EXPECT_EQ(parsed.error(), ProxyHeaderError::kIncomplete) << size;
    }
  }
}

}  // namespace
}  // namespace ringway::proxy
