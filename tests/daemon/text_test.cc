#include "daemon/text.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "daemon/access_log.h"
#include "daemon/log_lines.h"

namespace ringway::daemon {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::system_clock::time_point kStarted =
    std::chrono::sys_days(std::chrono::year(2025) / 1 / 31) + milliseconds(1);

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
  session.id = "0123456789abcdef";
  session.client = proxy::SocketAddress::parse("127.0.0.1:5000").value();
  session.virtual_ip = proxy::SocketAddress::parse("127.96.0.10:80").value();
  session.service = {"shop", "web", "http", proxy::Protocol::kTcp};
  session.bytes_upstream = 10;
  session.bytes_downstream = 20;
  session.attempts = 3;
  session.cause = proxy::Cause::kConnectTimeout;
  const std::string text = access_text(session, kStarted);
  for (const char* part :
       {"session id=0123456789abcdef started=2025-01-31T00:00:00.001Z client=127.0.0.1:5000 ",
        "connect_us=0 first_byte_us=- duration_ms=0 ", "client=127.0.0.1:5000", "vip=127.96.0.10:80",
        "service=shop/web:http", "endpoint=- ", "up_bytes=10", "down_bytes=20", "attempts=3", "cause=connectTimeout"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  EXPECT_EQ(access_json(session, kStarted)["firstByteUs"], nullptr);
  EXPECT_EQ(access_json(session, kStarted)["startedAt"], "2025-01-31T00:00:00.001Z");
  EXPECT_EQ(access_json(session, kStarted)["cause"], "connectTimeout");
  EXPECT_EQ(access_json(session, kStarted)["bytesDownstream"], 20);
}

TEST(AccessLog, tells_times_apart) {
  proxy::SessionInfo session;
  session.connect_time = std::chrono::microseconds(120);
  session.first_byte_time = std::chrono::microseconds(4'500);
  session.age = milliseconds(9);
  EXPECT_NE(access_text(session, kStarted).find("connect_us=120 first_byte_us=4500 duration_ms=9 "), std::string::npos);
  const auto record = access_json(session, kStarted);
  EXPECT_EQ(record["connectUs"], 120);
  EXPECT_EQ(record["firstByteUs"], 4500);
  EXPECT_EQ(record["durationMs"], 9);
}

TEST(AccessLog, the_id_of_a_clients_header_is_one_word_whatever_it_holds) {
  proxy::SessionInfo session;
  for (const auto& [id, word] : {std::pair{std::string("req-1/a"), "req-1/a"},
                                 {std::string("a b"), "612062"},
                                 {std::string("\x00\xff\n", 3), "00ff0a"},
                                 {std::string("\x7f"), "7f"}}) {
    session.id = id;
    EXPECT_NE(access_text(session, kStarted).find("session id=" + std::string(word) + " "), std::string::npos) << word;
    EXPECT_EQ(access_json(session, kStarted)["id"], word);
  }
  session.id = "";
  EXPECT_NE(access_text(session, kStarted).find("session id=- "), std::string::npos);
}

TEST(AccessLog, both_formats_have_the_same_fields) {
  const std::map<std::string, std::vector<std::string>> pairs = {
      {"id", {"id"}},
      {"started", {"startedAt"}},
      {"client", {"client"}},
      {"vip", {"virtualIP"}},
      {"service", {"namespace", "service", "port"}},
      {"endpoint", {"endpoint"}},
      {"workload", {"workload"}},
      {"up_bytes", {"bytesUpstream"}},
      {"down_bytes", {"bytesDownstream"}},
      {"connect_us", {"connectUs"}},
      {"first_byte_us", {"firstByteUs"}},
      {"duration_ms", {"durationMs"}},
      {"attempts", {"attempts"}},
      {"cause", {"cause"}},
  };
  std::istringstream words(access_text({}, kStarted));
  std::string word;
  ASSERT_TRUE(words >> word);
  auto record = access_json({}, kStarted);
  std::size_t count = 0;
  while (words >> word) {
    const auto pair = pairs.find(word.substr(0, word.find('=')));
    ASSERT_NE(pair, pairs.end()) << word;
    for (const std::string& field : pair->second) {
      EXPECT_EQ(record.erase(field), 1U) << field;
    }
    ++count;
  }
  EXPECT_EQ(count, pairs.size());
  EXPECT_TRUE(record.empty()) << record;
}

TEST(AccessLog, the_begin_is_told_by_the_wall_clock) {
  proxy::SessionInfo session;
  session.opened = proxy::SteadyClock().now() - std::chrono::hours(1);
  const auto ago = std::chrono::system_clock::now() - started_at(session);
  EXPECT_GE(ago, std::chrono::hours(1) - std::chrono::seconds(1));
  EXPECT_LT(ago, std::chrono::hours(1) + std::chrono::minutes(5));
}

}  // namespace
}  // namespace ringway::daemon
