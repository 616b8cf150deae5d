#include "daemon/url.h"

#include <gtest/gtest.h>

namespace ringway::daemon {
namespace {

TEST(Url, a_target_is_decoded) {
  const auto target =
      parse_target("/api/v1/services?namespace=shop&labelSelector=a%20in%20(x%2Cy)&empty&namespace=two");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/api/v1/services");
  EXPECT_EQ(target->query.at("namespace"), "shop");
  EXPECT_EQ(target->query.at("labelSelector"), "a in (x,y)");
  EXPECT_EQ(target->query.at("empty"), "");
}

TEST(Url, what_is_no_path_is_refused) {
  for (const char* text : {"", "*", "http://x/", "/a b", "/%zz", "/a?b=%1"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

TEST(Url, a_target_that_was_made_reads_the_same) {
  for (const std::string value : {"a in (x, y),!z", "a+b", "a=b&c=d", "50%", "ä?#/"}) {
    const std::string text = make_target("/api/v1/services", {{"labelSelector", value}, {"namespace", ""}});
    const auto target = parse_target(text);
    ASSERT_TRUE(target) << text;
    EXPECT_EQ(target->query.at("labelSelector"), value) << text;
    EXPECT_FALSE(target->query.contains("namespace"));
  }
}

TEST(Url, a_daemon_is_named_by_http_or_a_unix_socket) {
  const auto tcp = parse_admin_url("http://127.0.0.1:9900/");
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->host, "127.0.0.1");
  EXPECT_EQ(tcp->port, "9900");
  EXPECT_EQ(parse_admin_url("http://node-a")->port, "9900");
  EXPECT_EQ(parse_admin_url("http://[::1]:80")->host, "::1");
  EXPECT_EQ(parse_admin_url("unix:/run/r.sock")->unix_path, "/run/r.sock");
  EXPECT_EQ(parse_admin_url("unix:///run/r.sock")->unix_path, "/run/r.sock");
  for (const char* text : {"", "127.0.0.1:9900", "https://x", "http://", "unix:", "http://x/path", "ftp://x"}) {
    EXPECT_FALSE(parse_admin_url(text)) << text;
  }
}

}  // namespace
}  // namespace ringway::daemon
