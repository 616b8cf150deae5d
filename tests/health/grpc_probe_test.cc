#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/health/http2_frames.h"
#include "tests/health/probe_test.h"

/// What a gRPC check makes of servers that are no gRPC servers, or broken ones; tests/health/grpc has a real one.
namespace ringway::discovery {
namespace {

using config::HealthCheck;
using testing::AnyOf;
using testing::HasSubstr;
using Then = ScriptedServer::Then;

HealthCheck grpc_check() {
  HealthCheck check;
  check.kind = HealthCheck::Kind::kGrpc;
  return check;
}

class GrpcProbeTest : public ProbeTest {
 protected:
  std::string detail(std::vector<std::string> writes, Then then = Then::kStayOpen) {
    return probe({.writes = std::move(writes), .then = then}, grpc_check()).detail;
  }
};

TEST_F(GrpcProbeTest, ServingIsHealthyAndNothingElseIs) {
  const ProbeResult result = probe({.writes = {grpc_answer('\1')}, .then = Then::kStayOpen}, grpc_check());
  EXPECT_EQ(result.outcome, ProbeOutcome::kSuccess);
  EXPECT_EQ(result.detail, "gRPC SERVING");
  EXPECT_EQ(probe({.writes = {grpc_answer('\2')}}, grpc_check()).outcome, ProbeOutcome::kFailure);
  EXPECT_EQ(detail({grpc_answer('\2')}), "gRPC NOT_SERVING, wanted SERVING");
  EXPECT_EQ(detail({grpc_answer('\0')}), "gRPC UNKNOWN, wanted SERVING");
  EXPECT_EQ(detail({grpc_answer('\3')}), "gRPC SERVICE_UNKNOWN, wanted SERVING");
  EXPECT_EQ(detail({grpc_answer('\7')}), "gRPC status 7, wanted SERVING");
}

TEST_F(GrpcProbeTest, CallsAsHttp2WithPriorKnowledge) {
  HealthCheck check = grpc_check();
  check.service = "shop.Cart";
  check.host = "cart.shop.example";
  probe({.writes = {grpc_answer('\1')}}, check);
  EXPECT_THAT(last_request_, testing::StartsWith("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  EXPECT_THAT(last_request_, testing::EndsWith(std::string("\0\0\0\0\x0b\x0a\x09shop.Cart", 16)));
}

TEST_F(GrpcProbeTest, AFailedCallIsToldInWords) {
  EXPECT_EQ(detail({grpc_failure("12", "")}),
            "gRPC call failed: UNIMPLEMENTED, the server has no grpc.health.v1.Health");
  EXPECT_EQ(detail({grpc_failure("5", "unknown")}),
            "gRPC call failed: NOT_FOUND, the server knows no health of the service \"\"");
  EXPECT_EQ(detail({grpc_failure("14", "shutting%20down%0A")}), "gRPC call failed: UNAVAILABLE, \"shutting down\\n\"");
  EXPECT_EQ(detail({grpc_failure("99", "")}), "gRPC call failed: status 99");
}

TEST_F(GrpcProbeTest, AnAnswerInPiecesBetweenPingsIsOne) {
  const std::string ping = frame(FrameType::kPing, 0, 0, "12345678");
  const std::string answer = settings() + ping + headers({{":status", "103"}}) +
                             headers({{":status", "200"}, {"content-type", "application/grpc+proto"}}) + ping +
                             data(health_response_frame('\1').substr(0, 3)) +
                             data(health_response_frame('\1').substr(3)) + headers({{"grpc-status", "0"}}, kEndStream);
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < answer.size(); at += 11) {
    pieces.push_back(answer.substr(at, 11));
  }
  EXPECT_EQ(detail(pieces), "gRPC SERVING");
}

TEST_F(GrpcProbeTest, AHeadInTwoFramesMayComeByteByByte) {
  std::string head = headers({{":status", "200"}, {"content-type", "application/grpc"}});
  head[4] = 0;
  const std::string answer = settings() + head + frame(FrameType::kContinuation, kEndHeaders, 1, "") +
                             data(health_response_frame('\1')) + headers({{"grpc-status", "0"}}, kEndStream);
  const auto conversation = make_grpc_conversation(grpc_check(), {*proxy::IpAddress::parse("127.0.0.1"), 80});
  for (std::size_t at = 0; at < answer.size(); ++at) {
    conversation->hear(answer.substr(at, 1));
  }
  EXPECT_EQ(conversation->verdict(), (ProbeResult{ProbeOutcome::kSuccess, "gRPC SERVING"}));
}

TEST_F(GrpcProbeTest, WhatIsNoGrpcIsNamed) {
  EXPECT_EQ(detail({"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"}, Then::kClose),
            "answer: HTTP/1, where HTTP/2 without TLS and without asking for it is needed");
  EXPECT_EQ(detail({std::string("\x15\x03\x01\x00\x02\x02\x46", 7)}), "answer: TLS, where HTTP/2 without it is needed");
  EXPECT_THAT(detail({"220 mail.example ESMTP ready\r\n"}), testing::StartsWith("answer: not HTTP/2 ("));
  EXPECT_THAT(detail({std::string(200, '\0')}), HasSubstr("SETTINGS"));
  EXPECT_EQ(detail({settings() + headers({{":status", "404"}})}), "HTTP 404, where a gRPC answer is wanted");
  EXPECT_EQ(detail({settings() + headers({{":status", "200"}, {"content-type", "text/html"}})}),
            "HTTP 200 with the content-type \"text/html\", where application/grpc is wanted");
}

TEST_F(GrpcProbeTest, ServersThatBreakOffGiveAReason) {
  EXPECT_EQ(detail({}, Then::kReset), "answer: connection reset");
  EXPECT_EQ(detail({settings() + reset(7)}), "call reset by the server (REFUSED_STREAM)");
  EXPECT_EQ(detail({settings() + goaway(0, 11)}), "call not taken, the server goes away (ENHANCE_YOUR_CALM)");
  // Linux tells a reset where a server closes before it has read everything.
  const auto ended = [](const std::string& what) {
    return AnyOf(what + ": connection closed before it was complete", what + ": connection reset");
  };
  EXPECT_THAT(detail({}, Then::kClose), ended("answer"));
  EXPECT_THAT(detail({grpc_answer('\1').substr(0, 60)}, Then::kClose), ended("answer"));
  EXPECT_THAT(detail({settings() + goaway(1, 0)}, Then::kClose), ended("answer, the server goes away (NO_ERROR)"));
  EXPECT_EQ(detail({goaway(0, 0)}), "answer: not HTTP/2 (PROTOCOL_ERROR: SETTINGS expected)");
}

TEST_F(GrpcProbeTest, AnswersWithoutWhatTheyNeedFail) {
  const std::string head = settings() + headers({{":status", "200"}, {"content-type", "application/grpc"}});
  EXPECT_EQ(detail({head + data(health_response_frame('\1'), kEndStream)}), "answer: it has no gRPC status");
  EXPECT_EQ(detail({head + headers({{"grpc-status", "0"}}, kEndStream)}), "answer: it has no message");
  EXPECT_EQ(detail({head + data(health_response_frame('\1') + 'x') + headers({{"grpc-status", "0"}}, kEndStream)}),
            "answer: it has more than one message");
  EXPECT_EQ(detail({settings() + data("x")}), "answer: not HTTP/2 (PROTOCOL_ERROR: DATA: stream not opened)");
}

TEST_F(GrpcProbeTest, NoMoreThanItsLimitIsRead) {
  const std::string head = settings() + headers({{":status", "200"}, {"content-type", "application/grpc"}});
  std::vector<std::string> writes = {head};
  writes.resize(8, data(std::string(16'000, 'x')));
  EXPECT_EQ(detail(writes), "answer: longer than 64 KiB");
  std::string pings = settings();
  while (pings.size() < 2 * kMaxProbedBodyBytes) {
    pings += frame(FrameType::kPing, 0, 0, "12345678");
  }
  EXPECT_EQ(detail({pings}), "answer: longer than 64 KiB");
  EXPECT_THAT(detail({settings() + number(0xffffff, 3) + std::string(6, '\0')}), HasSubstr("FRAME_SIZE_ERROR"));
}

TEST_F(GrpcProbeTest, ASilentServerTimesOut) {
  HealthCheck check = grpc_check();
  check.timeout = std::chrono::milliseconds(120);
  const ProbeResult result = probe({.writes = {settings()}, .then = Then::kStayOpen}, check);
  EXPECT_EQ(result.outcome, ProbeOutcome::kFailure);
  EXPECT_EQ(result.detail, "timed out after 120ms while waiting for an answer");
}

}  // namespace
}  // namespace ringway::discovery
