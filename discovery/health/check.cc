#include "discovery/health/check.h"

#include <algorithm>

namespace ringway::discovery {

bool same_check(const config::HealthCheck& left, const config::HealthCheck& right) {
  const auto same_range = [](const config::StatusRange& one, const config::StatusRange& other) {
    return one.first == other.first && one.last == other.last;
  };
  return left.kind == right.kind && left.port == right.port && left.method == right.method && left.path == right.path &&
         left.host == right.host && left.expect_body == right.expect_body && left.interval == right.interval &&
         left.fast_interval == right.fast_interval && left.timeout == right.timeout && left.rise == right.rise &&
         left.fall == right.fall && left.jitter == right.jitter &&
         std::ranges::equal(left.expect_status, right.expect_status, same_range);
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

std::string duration_text(std::chrono::milliseconds duration) {
  if (duration.count() % 1000 == 0) {
    return std::to_string(duration.count() / 1000) + "s";
  }
  return std::to_string(duration.count()) + "ms";
}

}  // namespace ringway::discovery
