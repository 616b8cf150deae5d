#include "proxy/core/address.h"

#include <gtest/gtest.h>

namespace ringway::proxy {
namespace {

TEST(AddressTest, text_and_value_are_one) {
  for (const auto* text : {"127.0.0.1:80", "0.0.0.0:0", "[::1]:65535", "[fd00::1:2]:8080"}) {
    const auto address = SocketAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
    sockaddr_storage storage{};
    address->fill(storage);
    EXPECT_EQ(SocketAddress::from(storage), *address);
  }
}

TEST(AddressTest, refuses_what_is_no_address) {
  for (const auto* text : {"", ":80", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:8a", "1.2.3.256:1", "::1:80",
                           "[1.2.3.4]:80", "[::1]", "localhost:80", "1.2.3.4:-1"}) {
    EXPECT_FALSE(SocketAddress::parse(text)) << text;
  }
}

TEST(AddressTest, mapped_v4_is_v4) {
  const auto ip = IpAddress::parse("::ffff:10.0.0.1");
  ASSERT_TRUE(ip);
  EXPECT_FALSE(ip->is_v6());
  EXPECT_EQ(ip->to_string(), "10.0.0.1");
}

TEST(AddressTest, knows_loopback) {
  EXPECT_TRUE(IpAddress::parse("127.96.0.10")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("10.0.0.1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("::2")->is_loopback());
}

}  // namespace
}  // namespace ringway::proxy
