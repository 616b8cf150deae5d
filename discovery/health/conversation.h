#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/values.h"
#include "proxy/core/address.h"

namespace ringway::discovery {

/// How much of an answer is searched for `expect`, of a response's body for `expect_body`; all of a gRPC answer.
inline constexpr std::size_t kMaxProbedBodyBytes = 64UZ * 1024;
/// The longest head of a response that is read; what is longer fails the probe (as nginx' and HAProxy's default
/// buffers).
inline constexpr std::size_t kMaxProbedHeadBytes = 16UZ * 1024;

enum class ProbeOutcome : std::uint8_t {
  kSuccess,
  kFailure,
  kNotRun,  ///< this process had no file descriptor or memory left: says nothing of the endpoint
};

struct ProbeResult {
  ProbeOutcome outcome = ProbeOutcome::kFailure;
  std::string detail;  ///< for a person: "connected", "HTTP 200", "connect refused", "body lacks \"ok\""

  bool operator==(const ProbeResult&) const = default;
};

/// What a probe says over its connection, and what it makes of the answer. Knows bytes only, no socket and no time, so
/// that a test can cut an answer as it likes; the verdict does not depend on where it is cut.
///
///   say() ─▶ verdict()? ─▶ hear(bytes) or hear_end() ─▶ say() ─▶ …
class Conversation {
 public:
  /// Words for a step that fails: "response: connection reset", "timed out after 1s while waiting for a response".
  struct Step {
    std::string name;
    std::string doing;
  };

  Conversation() = default;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  virtual ~Conversation() = default;

  /// What has to be sent now; "" where that is nothing.
  virtual std::string say() = 0;
  /// Takes the next bytes of the answer, but none after the verdict.
  void hear(std::string_view bytes);
  /// The server has closed its side. There is a verdict afterwards.
  void hear_end();
  /// As early as it is known.
  [[nodiscard]] const std::optional<ProbeResult>& verdict() const { return verdict_; }

  [[nodiscard]] virtual Step saying() const = 0;
  [[nodiscard]] virtual Step hearing() const = 0;

 protected:
  virtual void take(std::string_view bytes) = 0;
  /// Gives a verdict.
  virtual void take_end() = 0;
  /// The first verdict holds.
  void succeed(std::string detail) { judge(ProbeOutcome::kSuccess, std::move(detail)); }
  void fail(std::string detail) { judge(ProbeOutcome::kFailure, std::move(detail)); }

 private:
  void judge(ProbeOutcome outcome, std::string detail);

  std::optional<ProbeResult> verdict_;
};

/// `address` is where the check goes: what it names where the check names no host.
std::unique_ptr<Conversation> make_conversation(const config::HealthCheck& check, const proxy::SocketAddress& address);

/// Connects; says `send` and searches the answer for `expect`.
std::unique_ptr<Conversation> make_tcp_conversation(const config::HealthCheck& check);
/// One HTTP/1.1 request. A redirect is a response like any other.
std::unique_ptr<Conversation> make_http_conversation(const config::HealthCheck& check,
                                                     const proxy::SocketAddress& address);
/// One call of grpc.health.v1.Health/Check over HTTP/2 without TLS, begun without asking ("prior knowledge", RFC 9113,
/// section 3.3), as a Pod's `grpc` probe in Kubernetes: SERVING is healthy, nothing else is
/// (github.com/grpc/grpc: doc/health-checking.md, doc/PROTOCOL-HTTP2.md).
std::unique_ptr<Conversation> make_grpc_conversation(const config::HealthCheck& check,
                                                     const proxy::SocketAddress& address);

}  // namespace ringway::discovery
