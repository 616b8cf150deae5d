#pragma once

#include <cstdint>
#include <string>

namespace ringway::proxy {

/// Names one session in the access log, in `get sessions` and in the PROXY header that it sends. No other session has
/// it: `run` is drawn at random by each worker when it starts, `number` counts that worker's sessions.
struct SessionId {
  std::uint64_t run = 0;
  std::uint64_t number = 0;

  /// 32 hexadecimal digits.
  [[nodiscard]] std::string to_string() const;
};

}  // namespace ringway::proxy
