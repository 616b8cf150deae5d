#pragma once

#include <chrono>
#include <string>

#include "config/values.h"
#include "proxy/core/address.h"

namespace ringway::discovery {

/// Every field is equal, so that one series of probes can serve both.
[[nodiscard]] bool same_check(const config::HealthCheck& left, const config::HealthCheck& right);

/// Where the probes of an endpoint go: its own port, unless the check names another.
[[nodiscard]] proxy::SocketAddress probed_address(const proxy::SocketAddress& endpoint,
                                                  const config::HealthCheck& check);

[[nodiscard]] bool status_expected(const config::HealthCheck& check, unsigned status);

/// `200-399`, `200,204,300-399`: the ranges as a person writes them.
[[nodiscard]] std::string expected_status_text(const config::HealthCheck& check);

/// Quoted, with what cannot be printed as `\r`, `\n` or `\x00`.
[[nodiscard]] std::string bytes_text(const std::string& bytes);

/// `1s`, `1500ms`.
[[nodiscard]] std::string duration_text(std::chrono::milliseconds duration);

}  // namespace ringway::discovery
