#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "config/values.h"
#include "proxy/core/address.h"

namespace ringway::discovery {

/// How much of an answer is searched for `expect`, of a response's body for `expect_body`.
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
};

/// One probe under way. Its end closes the connection, and `done` is not called afterwards.
class Probe {
 public:
  virtual ~Probe() = default;
};

/// Connects to `address` and, for a TCP check, says `send` and searches what comes for `expect`; for an HTTP check it
/// sends one request over that connection and judges the response; a redirect is a response like any other. All of it
/// has `check.timeout`. `done` runs on `executor`, once, never from within this call, and may destroy the Probe.
std::unique_ptr<Probe> start_probe(const boost::asio::any_io_executor& executor, const proxy::SocketAddress& address,
                                   const config::HealthCheck& check, std::function<void(ProbeResult)> done);

}  // namespace ringway::discovery
