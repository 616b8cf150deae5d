#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/health/probe_test.h"

namespace ringway::discovery {
namespace {

using config::HealthCheck;
using std::chrono::milliseconds;
using testing::HasSubstr;
using Then = ScriptedServer::Then;

HealthCheck http_check() {
  HealthCheck check;
  check.kind = HealthCheck::Kind::kHttp;
  return check;
}

std::string response(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_F(ProbeTest, TcpSucceedsWhereTheConnectionIsAccepted) {
  const ProbeResult result = probe({.writes = {}, .then = Then::kStayOpen}, HealthCheck{});
  EXPECT_EQ(result.outcome, ProbeOutcome::kSuccess);
  EXPECT_EQ(result.detail, "connected");
}

TEST_F(ProbeTest, TcpFailsWhereNobodyListens) {
  const ProbeResult result = probe(closed_port(), HealthCheck{});
  EXPECT_EQ(result.outcome, ProbeOutcome::kFailure);
  EXPECT_EQ(result.detail, "connect refused");
}

TEST_F(ProbeTest, TcpSaysAndExpectsWhatItIsTold) {
  HealthCheck check;
  check.send = "PING\r\n";
  check.expect = "+PONG";
  ProbeResult result = probe({.writes = {"-LOADING\r\n+PO", "NG\r\n"}, .gap = milliseconds(1)}, check);
  EXPECT_EQ(result.outcome, ProbeOutcome::kSuccess) << "also where it comes in pieces";
  EXPECT_EQ(result.detail, "answered \"+PONG\"");
  EXPECT_EQ(last_request_, "PING\r\n");
  result = probe({.writes = {"-ERR\r\n"}}, check);
  EXPECT_EQ(result.outcome, ProbeOutcome::kFailure);
  EXPECT_EQ(result.detail, "closed before \"+PONG\" came");
  check.timeout = milliseconds(50);
  result = probe({.writes = {}, .then = Then::kStayOpen}, check);
  EXPECT_EQ(result.detail, "timed out after 50ms while waiting for \"+PONG\"");
}

TEST_F(ProbeTest, TcpExpectsAGreetingWithoutSayingAnything) {
  HealthCheck check;
  check.expect = "220 ";
  const ProbeResult result = probe({.read_first = false, .writes = {"220 mail\r\n"}, .then = Then::kStayOpen}, check);
  EXPECT_EQ(result.detail, "answered \"220 \"");
}

TEST_F(ProbeTest, TcpReadsNoMoreThanItsLimit) {
  HealthCheck check;
  check.expect = "end";
  const ProbeResult result =
      probe({.read_first = false, .writes = {std::string(kMaxProbedBodyBytes + 4096, 'x') + "end"}}, check);
  EXPECT_EQ(result.detail, "answer lacks \"end\"");
}

TEST_F(ProbeTest, HttpSucceedsOnAnExpectedStatus) {
  const ProbeResult result = probe({.writes = {response("204 No Content", "")}}, http_check());
  EXPECT_EQ(result.outcome, ProbeOutcome::kSuccess);
  EXPECT_EQ(result.detail, "HTTP 204");
}

TEST_F(ProbeTest, HttpFailsOnAnotherStatus) {
  const ProbeResult result = probe({.writes = {response("503 Service Unavailable", "no")}}, http_check());
  EXPECT_EQ(result.outcome, ProbeOutcome::kFailure);
  EXPECT_EQ(result.detail, "HTTP 503, wanted 200-399");
}

TEST_F(ProbeTest, HttpNamesEveryExpectedRange) {
  HealthCheck check = http_check();
  check.expect_status = {{200, 200}, {300, 399}};
  EXPECT_EQ(probe({.writes = {response("201 Created", "")}}, check).detail, "HTTP 201, wanted 200,300-399");
  EXPECT_EQ(probe({.writes = {response("301 Moved", "")}}, check).outcome, ProbeOutcome::kSuccess);
}

TEST_F(ProbeTest, HttpDoesNotFollowARedirect) {
  HealthCheck check = http_check();
  check.expect_status = {{200, 299}};
  const ProbeResult result =
      probe({.writes = {"HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n"}}, check);
  EXPECT_EQ(result.detail, "HTTP 302, wanted 200-299");
}

TEST_F(ProbeTest, HttpSendsMethodPathAndHost) {
  HealthCheck check = http_check();
  check.method = "HEAD";
  check.path = "/healthz?full=1";
  check.host = "shop.example";
  const ProbeResult result = probe({.writes = {"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"}}, check);
  EXPECT_EQ(result.outcome, ProbeOutcome::kSuccess) << result.detail;
  EXPECT_THAT(last_request_, testing::StartsWith("HEAD /healthz?full=1 HTTP/1.1\r\n"));
  EXPECT_THAT(last_request_, HasSubstr("Host: shop.example\r\n"));
  EXPECT_THAT(last_request_, HasSubstr("Connection: close\r\n"));
}

TEST_F(ProbeTest, HttpHostIsTheAddressWhereNoneIsGiven) {
  ScriptedServer server(context_, {.writes = {response("200 OK", "")}});
  probe(server.address(), http_check());
  EXPECT_THAT(server.last_request, HasSubstr("Host: " + server.address().to_string() + "\r\n"));
}

TEST_F(ProbeTest, HttpFindsTheExpectedTextAlsoAcrossPieces) {
  HealthCheck check = http_check();
  check.expect_body = "ready";
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
  const ProbeResult result = probe({.writes = {head + "is r", "ea", "dy."}, .gap = milliseconds(20)}, check);
  EXPECT_EQ(result.outcome, ProbeOutcome::kSuccess) << result.detail;
}

TEST_F(ProbeTest, HttpFindsTheExpectedTextInChunksAndBeforeTheEnd) {
  HealthCheck check = http_check();
  check.expect_body = "hello world";
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const ProbeResult result =
      probe({.writes = {head + "6\r\nhello \r\n5\r\nworld\r\n"}, .then = Then::kStayOpen}, check);
  EXPECT_EQ(result.outcome, ProbeOutcome::kSuccess) << result.detail;
}

TEST_F(ProbeTest, HttpTakesAnEmptyBodyWhoseLastChunkComesInPieces) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  HealthCheck check = http_check();
  check.expect_body = "ok";
  const ProbeResult lacking = probe({.writes = {head, "0\r\n", "\r", "\n"}, .gap = milliseconds(20)}, check);
  EXPECT_EQ(lacking.detail, "HTTP 200, body lacks \"ok\"");
}

TEST_F(ProbeTest, HttpFailsWhereTheBodyLacksTheText) {
  HealthCheck check = http_check();
  check.expect_body = "ok";
  const ProbeResult result = probe({.writes = {response("200 OK", "failing")}}, check);
  EXPECT_EQ(result.outcome, ProbeOutcome::kFailure);
  EXPECT_EQ(result.detail, "HTTP 200, body lacks \"ok\"");
}

TEST_F(ProbeTest, HttpSearchesTheFirst64KiBOfAHugeBodyOnly) {
  HealthCheck check = http_check();
  check.expect_body = "needle";
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";
  const std::string padding(kMaxProbedBodyBytes, 'x');
  EXPECT_EQ(probe({.writes = {head, padding, "needle"}, .then = Then::kStayOpen}, check).detail,
            "HTTP 200, body lacks \"needle\"");
  EXPECT_EQ(probe({.writes = {head, padding.substr(3) + "needle"}, .then = Then::kStayOpen}, check).detail,
            "HTTP 200, body lacks \"needle\"")
      << "the limit cuts it";
  EXPECT_EQ(probe({.writes = {head, padding.substr(6), "needle"}, .then = Then::kStayOpen}, check).outcome,
            ProbeOutcome::kSuccess);
}

TEST_F(ProbeTest, HttpTakesNoMemoryForWhatIsOnlyAnnounced) {
  HealthCheck check = http_check();
  check.expect_body = "ok";
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\n";
  EXPECT_EQ(probe({.writes = {head + "ok"}, .then = Then::kStayOpen}, check).detail, "HTTP 200");
}

TEST_F(ProbeTest, HttpTimesOutOnAServerThatNeverAnswers) {
  HealthCheck check = http_check();
  check.timeout = milliseconds(120);
  const ProbeResult result = probe({.writes = {}, .then = Then::kStayOpen}, check);
  EXPECT_EQ(result.outcome, ProbeOutcome::kFailure);
  EXPECT_EQ(result.detail, "timed out after 120ms while waiting for a response");
}

TEST_F(ProbeTest, HttpTimeoutCoversAServerThatDripsItsBody) {
  HealthCheck check = http_check();
  check.expect_body = "never";
  check.timeout = milliseconds(150);
  std::vector<std::string> drips(500, "x");
  drips.front() = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
  const ProbeResult result = probe({.writes = drips, .gap = milliseconds(10)}, check);
  EXPECT_EQ(result.detail, "timed out after 150ms while reading the body");
}

TEST_F(ProbeTest, HttpFailsOnGarbage) {
  const ProbeResult result = probe({.writes = {"220 mail.example ESMTP\r\n"}, .then = Then::kStayOpen}, http_check());
  EXPECT_EQ(result.outcome, ProbeOutcome::kFailure);
  EXPECT_THAT(result.detail, HasSubstr("not HTTP"));
}

TEST_F(ProbeTest, HttpFailsOnAnEndlessHead) {
  const ProbeResult result =
      probe({.writes = {"HTTP/1.1 200 OK\r\nX: " + std::string(kMaxProbedHeadBytes * 2, 'y')}}, http_check());
  EXPECT_EQ(result.outcome, ProbeOutcome::kFailure);
  EXPECT_EQ(result.detail, "response: its head is longer than 16 KiB");
}

TEST_F(ProbeTest, HttpFailsOnAReset) {
  const ProbeResult result = probe({.writes = {}, .then = Then::kReset}, http_check());
  EXPECT_EQ(result.outcome, ProbeOutcome::kFailure);
  EXPECT_EQ(result.detail, "response: connection reset");
}

TEST_F(ProbeTest, HttpFailsWhereTheServerClosesWithoutAnAnswer) {
  const ProbeResult result = probe({.writes = {}}, http_check());
  EXPECT_EQ(result.outcome, ProbeOutcome::kFailure);
  EXPECT_THAT(result.detail, HasSubstr("connection closed before"));
}

TEST_F(ProbeTest, WantOfFileDescriptorsIsNotTheEndpointsFailure) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  ScriptedServer server(context_, {.writes = {}, .then = Then::kStayOpen});
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const ProbeResult result = probe(server.address(), HealthCheck{});
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(result.outcome, ProbeOutcome::kNotRun);
  EXPECT_THAT(result.detail, HasSubstr("Too many open files"));
}

TEST_F(ProbeTest, ClosesItsConnectionWhenItIsDestroyed) {
  ScriptedServer server(context_, {.writes = {}, .then = Then::kStayOpen});
  bool called = false;
  auto probe = start_probe(context_.get_executor(), server.address(), http_check(), [&called](auto) { called = true; });
  ASSERT_TRUE(run_until(context_, [&server] { return server.open == 1; }));
  probe.reset();
  EXPECT_TRUE(run_until(context_, [&server] { return server.open == 0; }));
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace ringway::discovery
