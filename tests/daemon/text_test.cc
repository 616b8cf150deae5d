#include "daemon/text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "daemon/access_log.h"
#include "daemon/log_lines.h"

namespace ringway::daemon {
namespace {

using std::chrono::milliseconds;

TEST(Text, durations_read_as_the_configuration_writes_them) {
  EXPECT_EQ(to_duration(milliseconds(0)), "0s");
  EXPECT_EQ(to_duration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(to_duration(milliseconds(2000)), "2s");
  EXPECT_EQ(to_duration(milliseconds(90'000)), "1m30s");
  EXPECT_EQ(to_duration(milliseconds(3'600'000)), "1h");
}

TEST(Text, ages_have_two_units_at_most) {
  EXPECT_EQ(to_age(milliseconds(999)), "0s");
  EXPECT_EQ(to_age(milliseconds(5'000)), "5s");
  EXPECT_EQ(to_age(milliseconds(192'000)), "3m12s");
  EXPECT_EQ(to_age(milliseconds(86'400'000 + 5'000)), "1d");
  EXPECT_EQ(to_age(milliseconds(2 * 3'600'000 + 300'000 + 7'000)), "2h5m");
}

TEST(Text, sizes_have_three_digits_and_a_unit) {
  EXPECT_EQ(to_size(0), "0");
  EXPECT_EQ(to_size(1023), "1023");
  EXPECT_EQ(to_size(1536), "1.5Ki");
  EXPECT_EQ(to_size(2ULL << 30U), "2.0Gi");
  EXPECT_EQ(to_size(500ULL << 20U), "500Mi");
}

TEST(Text, a_line_of_json_takes_bytes_that_are_no_utf8) {
  EXPECT_EQ(to_line({{"a", "x\xff"}}), "{\"a\":\"x\xef\xbf\xbd\"}");
}

TEST(LogLines, foreign_text_cannot_leave_its_line) {
  const std::chrono::system_clock::time_point start;
  EXPECT_EQ(text_line(start, "info", "a\nb\x1b[31m"), "1970-01-01T00:00:00.000Z info   a\\x0ab\\x1b[31m");
  const auto line = json_line(start, "warn", "a\nb\"", {{"n", 1}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed["message"], "a\nb\"");
  EXPECT_EQ(parsed["level"], "warn");
  EXPECT_EQ(parsed["n"], 1);
}

TEST(AccessLog, says_how_a_session_ended) {
  proxy::SessionInfo session;
  session.client = proxy::SocketAddress::parse("127.0.0.1:5000").value();
  session.virtual_ip = proxy::SocketAddress::parse("127.96.0.10:80").value();
  session.service = {"shop", "web", "http", proxy::Protocol::kTcp};
  session.bytes_upstream = 10;
  session.bytes_downstream = 20;
  session.attempts = 3;
  session.cause = proxy::Cause::kConnectTimeout;
  const std::string text = access_text(session);
  for (const char* part : {"client=127.0.0.1:5000", "vip=127.96.0.10:80", "service=shop/web:http", "endpoint=- ",
                           "up_bytes=10", "down_bytes=20", "attempts=3", "cause=connectTimeout"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  EXPECT_EQ(access_json(session)["cause"], "connectTimeout");
  EXPECT_EQ(access_json(session)["bytesDownstream"], 20);
}

}  // namespace
}  // namespace ringway::daemon
