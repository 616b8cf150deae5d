#include "discovery/health/check.h"

#include <algorithm>
#include <string_view>

namespace ringway::discovery {

bool same_check(const config::HealthCheck& left, const config::HealthCheck& right) {
  return left == right;
}

proxy::SocketAddress probed_address(const proxy::SocketAddress& endpoint, const config::HealthCheck& check) {
  return {endpoint.ip(), check.port == 0 ? endpoint.port() : check.port};
}

bool status_expected(const config::HealthCheck& check, unsigned status) {
  return std::ranges::any_of(check.expect_status, [status](const config::StatusRange& range) {
    return range.first <= status && status <= range.last;
  });
}

std::string expected_status_text(const config::HealthCheck& check) {
  std::string text;
  for (const config::StatusRange& range : check.expect_status) {
    if (!text.empty()) {
      text += ',';
    }
    text += std::to_string(range.first);
    if (range.last != range.first) {
      text += '-' + std::to_string(range.last);
    }
  }
  return text;
}

std::string bytes_text(const std::string& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char one : bytes) {
    const auto byte = static_cast<unsigned char>(one);
    if (one == '\r' || one == '\n') {
      text += one == '\r' ? "\\r" : "\\n";
    } else if (byte >= 0x20 && byte < 0x7f) {
      text += one;
    } else {
      text += std::string("\\x") + kDigits[byte >> 4U] + kDigits[byte & 0xfU];
    }
  }
  return '"' + text + '"';
}

std::string duration_text(std::chrono::milliseconds duration) {
  if (duration.count() % 1000 == 0) {
    return std::to_string(duration.count() / 1000) + "s";
  }
  return std::to_string(duration.count()) + "ms";
}

}  // namespace ringway::discovery
