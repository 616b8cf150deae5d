#include "daemon/admin/server.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "daemon/admin/api.h"
#include "daemon/admin/host_check.h"
#include "daemon/admin/listen.h"
#include "daemon/cli/client.h"
#include "tests/daemon/fakes.h"
#include "tests/daemon/serving.h"
#include "tests/harness/daemon.h"
#include "tests/harness/http.h"
#include "tests/harness/places.h"
#include "tests/harness/tcp_client.h"

namespace ringway::daemon {
namespace {

using nlohmann::json;
using ringway::test::TcpClient;
using std::chrono::milliseconds;

class ServerTest : public testing::Test {
 protected:
  void serve(const std::string& where = "127.0.0.1:0", const Server::Limits& limits = {}) {
    loop_.on_loop([&] {
      auto started = Server::start(loop_.context.get_executor(), where, api_, limits);
      ASSERT_TRUE(started) << started.error().context;
      server_ = std::move(*started);
    });
    address_ = server_->address();
  }

  void TearDown() override {
    loop_.on_loop([&] { server_.reset(); });
    loop_.join();
  }

  [[nodiscard]] proxy::SocketAddress socket_address() const {
    return proxy::SocketAddress::parse(address_.substr(std::string("http://").size())).value();
  }

  /// Sends bytes and returns all that comes until the server closes.
  [[nodiscard]] std::string raw(const std::string& bytes, milliseconds limit = ringway::test::kPatience) const {
    TcpClient client(socket_address());
    client.send(bytes);
    return client.receive_all(limit);
  }

  [[nodiscard]] static int status(const std::string& answer) {
    return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
  }

  test::FakeBoard board_;
  Api api_{board_};
  test::LoopThread loop_;
  std::unique_ptr<Server> server_;
  std::string address_;
};

TEST_F(ServerTest, a_connection_serves_one_request_after_another) {
  serve();
  TcpClient client(socket_address());
  const std::string once = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.send(once + once + "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answers = client.receive_all();
  std::size_t count = 0;
  for (std::size_t at = answers.find("200 OK"); at != std::string::npos; at = answers.find("200 OK", at + 1)) {
    ++count;
  }
  EXPECT_EQ(count, 3) << answers;
}

TEST_F(ServerTest, head_gives_the_length_and_no_body) {
  serve();
  const std::string answer = raw("HEAD /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 2\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(ServerTest, a_name_that_is_not_ours_is_not_answered_on_loopback) {
  serve();
  const auto with_host = [&](const std::string& host) {
    return status(raw("GET /livez HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"));
  };
  EXPECT_EQ(with_host("localhost:9900"), 200);
  EXPECT_EQ(with_host("127.0.0.1"), 200);
  EXPECT_EQ(with_host("[::1]:9900"), 200);
  EXPECT_EQ(with_host("evil.example"), 403);
  EXPECT_EQ(with_host("127.0.0.1.evil.example"), 403);
  EXPECT_EQ(status(raw("GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n")), 403);
}

TEST(HostCheck, only_loopback_names_pass) {
  for (const char* host : {"localhost", "LOCALHOST:80", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:9900"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host : {"", ":", "[", "]", "[]", "localhost.evil", "10.0.0.1", "[fd00::1]:80", "localhost:80:x"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

TEST_F(ServerTest, what_is_too_large_or_no_http_is_refused) {
  serve();
  const std::string head = "GET /livez HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(status(raw(head + "X: " + std::string(20'000, 'x') + "\r\n\r\n")), 431);
  EXPECT_EQ(status(raw("POST /api/v1/drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n")), 413);
  EXPECT_EQ(status(raw("garbage\r\n\r\n")), 400);
  EXPECT_EQ(status(raw("GET http://x/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")), 400);
  EXPECT_EQ(status(raw("\x16\x03\x01\x02" + std::string(200, '\x01'))), 400);
  EXPECT_EQ(ringway::test::http(address_.substr(7), "GET", "/livez").status, 200) << "it still serves";
}

TEST_F(ServerTest, a_change_needs_its_header) {
  serve();
  const std::string where = address_.substr(7);
  EXPECT_EQ(ringway::test::http(where, "POST", "/api/v1/reload", "").status, 403);
  EXPECT_EQ(ringway::test::http(where, "POST", "/api/v1/reload", "", "X-Ringway: 1\r\n").status, 200);
}

TEST_F(ServerTest, a_client_that_says_nothing_is_closed) {
  Server::Limits limits;
  limits.idle = milliseconds(50);
  serve("127.0.0.1:0", limits);
  TcpClient silent(socket_address());
  EXPECT_EQ(silent.receive_all(), "");
  EXPECT_EQ(silent.ending(), ringway::test::Ending::kFin);
  EXPECT_EQ(raw("GET /livez HT"), "") << "half a request is as good as none";
}

TEST_F(ServerTest, one_client_too_many_takes_the_place_of_who_was_silent_for_longest) {
  Server::Limits limits;
  limits.clients = 2;
  serve("127.0.0.1:0", limits);
  const std::string live = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
  TcpClient first(socket_address());
  first.send(live);
  EXPECT_EQ(first.receive(12), "HTTP/1.1 200");
  TcpClient second(socket_address());
  second.send(live.substr(0, 20));
  TcpClient third(socket_address());
  third.send(live);
  EXPECT_EQ(third.receive(12), "HTTP/1.1 200");
  first.receive_all();
  EXPECT_EQ(first.ending(), ringway::test::Ending::kFin);
  second.send(live.substr(20));
  EXPECT_EQ(second.receive(12), "HTTP/1.1 200") << "this one was not the oldest";
}

TEST_F(ServerTest, one_client_too_many_is_turned_away_where_all_are_served) {
  Server::Limits limits;
  limits.clients = 1;
  limits.ping = milliseconds(20);
  serve("127.0.0.1:0", limits);
  TcpClient stream(socket_address());
  stream.send("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(stream.receive(12), "HTTP/1.1 200");
  EXPECT_EQ(status(raw("")), 503);
  stream.close();
  EXPECT_TRUE(ringway::test::wait_until(
      [&] { return status(raw("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")) == 200; }));
}

TEST_F(ServerTest, a_stream_tells_changes_as_they_come) {
  Server::Limits limits;
  limits.pace = milliseconds(1);
  serve("127.0.0.1:0", limits);
  const AdminClient client(parse_admin_url(address_).value());
  int messages = 0;
  const auto ended = client.stream("/api/v1/stream", [&](const json& data) {
    if (++messages == 1) {
      EXPECT_EQ(data["services"].size(), 1);
      loop_.on_loop([&] {
        board_.add_endpoint("10.0.0.1:80", discovery::EndpointCondition::kReady);
        server_->notify();
      });
      return true;
    }
    EXPECT_EQ(data["endpoints"].size(), 1);
    return false;
  });
  EXPECT_TRUE(ended) << ended.error().context;
  EXPECT_EQ(messages, 2);
}

TEST_F(ServerTest, streams_are_limited_apart_from_clients) {
  Server::Limits limits;
  limits.streams = 1;
  serve("127.0.0.1:0", limits);
  const AdminClient client(parse_admin_url(address_).value());
  const auto ended = client.stream("/api/v1/stream", [&](const json&) {
    const auto refused = client.stream("/api/v1/stream", [](const json&) { return true; });
    EXPECT_FALSE(refused);
    EXPECT_NE(refused.error().context.find("too many streams"), std::string::npos) << refused.error().context;
    return false;
  });
  EXPECT_TRUE(ended);
}

TEST_F(ServerTest, a_stop_ends_streams_and_idle_clients) {
  serve();
  TcpClient idle(socket_address());
  TcpClient stream(socket_address());
  stream.send("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(stream.receive(12), "HTTP/1.1 200");
  loop_.on_loop([&] { server_->stop(); });
  stream.receive_all();
  idle.receive_all();
  EXPECT_NE(stream.ending(), ringway::test::Ending::kTimeout);
  EXPECT_NE(idle.ending(), ringway::test::Ending::kTimeout);
  EXPECT_FALSE(TcpClient(socket_address()).connected());
}

constexpr char kScrape[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
constexpr char kLastChunk[] = "\r\n0\r\n\r\n";

TEST_F(ServerTest, metrics_come_in_chunks_and_to_old_clients_until_the_end) {
  serve();
  const auto answer = ringway::test::http(address_.substr(7), "GET", "/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body.starts_with("# HELP ringway_")) << answer.body.substr(0, 100);
  EXPECT_EQ(ringway::test::sum_of_samples(answer.body, "ringway_build_info", {}), 1);
  const std::string chunked = raw(kScrape);
  EXPECT_NE(chunked.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << chunked.substr(0, 300);
  EXPECT_TRUE(chunked.ends_with(kLastChunk));
  const std::string old = raw("GET /metrics HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(old.find("Transfer-Encoding"), std::string::npos);
  EXPECT_EQ(old.find("Content-Length"), std::string::npos);
  EXPECT_EQ(old.substr(old.find("\r\n\r\n") + 4), answer.body);
  for (const char* version : {"1.0", "1.1"}) {
    const std::string head =
        raw("HEAD /metrics HTTP/" + std::string(version) + "\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_NE(head.find(" 200 OK\r\n"), std::string::npos) << head;
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  }
}

TEST_F(ServerTest, a_connection_goes_on_after_the_metrics) {
  serve();
  TcpClient client(socket_address());
  client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" + std::string(kScrape));
  const std::string answers = client.receive_all();
  EXPECT_TRUE(answers.starts_with("HTTP/1.1 200 OK"));
  EXPECT_NE(answers.find(std::string(kLastChunk) + "HTTP/1.1 200 OK"), std::string::npos);
  EXPECT_TRUE(answers.ends_with(kLastChunk));
}

/// Whose metrics are more than what sockets hold.
class LargeAnswerTest : public ServerTest {
 protected:
  LargeAnswerTest() {
    board_.twins = 1;
    for (int i = 0; i < 10'000; ++i) {
      board_.add_endpoint("10.0." + std::to_string(i / 100) + "." + std::to_string(i % 100) + ":80",
                          discovery::EndpointCondition::kReady);
    }
  }

  /// A client that asked for the metrics and then reads no more than that they come.
  [[nodiscard]] TcpClient slow_client() const {
    TcpClient client(socket_address(), ringway::test::kPatience, 4096);
    client.send(kScrape);
    EXPECT_EQ(client.receive(12), "HTTP/1.1 200");
    return client;
  }

  /// There is a place for one more client again.
  [[nodiscard]] bool serves() const {
    return status(raw("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")) == 200;
  }
};

TEST_F(LargeAnswerTest, other_work_goes_on_while_a_slow_client_reads) {
  serve();
  TcpClient slow = slow_client();
  loop_.on_loop([&] { board_.add_endpoint("10.9.9.9:80", discovery::EndpointCondition::kReady); });
  const auto answer = ringway::test::http(address_.substr(7), "GET", "/metrics");
  EXPECT_EQ(ringway::test::sum_of_samples(answer.body, "ringway_endpoint_up", {{"endpoint", "10.9.9.9:80"}}), 2);
  EXPECT_EQ(ringway::test::sum_of_samples(answer.body, "ringway_endpoint_up", {}), 20'002);
  const std::string rest = slow.receive_all();
  EXPECT_TRUE(rest.ends_with(kLastChunk));
  EXPECT_GT(rest.size(), answer.body.size() / 2);
  EXPECT_NE(rest.find("endpoint=\"10.9.9.9:80\""), std::string::npos) << "it reads what is when it comes to it";
}

TEST_F(LargeAnswerTest, a_client_that_stops_reading_is_closed) {
  Server::Limits limits;
  limits.clients = 1;
  limits.write = milliseconds(50);
  serve("127.0.0.1:0", limits);
  TcpClient slow = slow_client();
  EXPECT_TRUE(ringway::test::wait_until([&] { return serves(); }));
  EXPECT_FALSE(slow.receive_all().ends_with(kLastChunk));
  EXPECT_NE(slow.ending(), ringway::test::Ending::kTimeout);
}

TEST_F(LargeAnswerTest, a_client_that_goes_away_leaves_its_place) {
  Server::Limits limits;
  limits.clients = 1;
  serve("127.0.0.1:0", limits);
  slow_client().reset();
  EXPECT_TRUE(ringway::test::wait_until([&] { return serves(); }));
}

TEST_F(LargeAnswerTest, a_stop_ends_an_answer_that_is_under_way) {
  serve();
  TcpClient slow = slow_client();
  loop_.on_loop([&] { server_->stop(); });
  EXPECT_FALSE(slow.receive_all().ends_with(kLastChunk));
  EXPECT_NE(slow.ending(), ringway::test::Ending::kTimeout);
}

TEST_F(ServerTest, a_unix_socket_is_for_its_owner_alone_and_goes_with_the_server) {
  const ringway::test::TemporaryFolder folder;
  const std::string path = folder / "admin.sock";
  serve("unix:" + path);
  struct stat status{};
  ASSERT_EQ(lstat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(ringway::test::http("unix:" + path, "GET", "/livez").status, 200);
  const AdminClient client(parse_admin_url("unix:" + path).value());
  EXPECT_TRUE(client.get("/api/v1/services")->ok());

  loop_.on_loop([&] {
    const auto second = listen_admin(loop_.context.get_executor(), "unix:" + path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, proxy::ErrorCode::kInUse);
    server_.reset();
  });
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ServerTest, a_socket_that_nobody_serves_is_replaced_and_a_file_is_not) {
  const ringway::test::TemporaryFolder folder;
  const std::string path = folder / "admin.sock";
  loop_.on_loop([&] {
    auto left = listen_admin(loop_.context.get_executor(), "unix:" + path);
    ASSERT_TRUE(left);
    left->acceptor.close();
    ASSERT_TRUE(std::filesystem::exists(path));
    const auto again = listen_admin(loop_.context.get_executor(), "unix:" + path);
    EXPECT_TRUE(again) << again.error().context;

    const std::string file = folder / "file";
    std::ofstream(file) << "precious";
    EXPECT_FALSE(listen_admin(loop_.context.get_executor(), "unix:" + file));
    EXPECT_TRUE(std::filesystem::exists(file));
  });
  serve();
}

TEST_F(ServerTest, an_address_in_use_or_no_address_is_a_clear_error) {
  serve();
  loop_.on_loop([&] {
    const auto taken = listen_admin(loop_.context.get_executor(), address_.substr(7));
    ASSERT_FALSE(taken);
    EXPECT_NE(taken.error().context.find("admin.listen"), std::string::npos);
    for (const auto& where :
         std::vector<std::string>{"", "unix:", "9900", "localhost", "unix:" + std::string(200, 'a')}) {
      EXPECT_FALSE(listen_admin(loop_.context.get_executor(), where)) << where;
    }
  });
}

TEST(AdminClient, nobody_there_is_said_with_what_to_do) {
  const auto address = ringway::test::refusing_endpoint().to_string();
  const AdminClient client(parse_admin_url("http://" + address).value());
  const auto answer = client.get("/livez");
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().context.find("no ringway answers at http://" + address), std::string::npos);
  EXPECT_NE(answer.error().context.find("ringway run --config FILE"), std::string::npos);
}

}  // namespace
}  // namespace ringway::daemon
