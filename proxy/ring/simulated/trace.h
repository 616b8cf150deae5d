#pragma once

#include <cstdint>
#include <vector>

#include "proxy/core/clock.h"
#include "proxy/ring/token.h"

namespace ringway::proxy::simulated {

/// One end of a connection: 2 × connection for who opened it, + 1 for who accepted it.
using EndId = std::uint32_t;
inline constexpr EndId kNoEnd = 0xffffffff;

/// What happened in a simulation, for a person to read. Costs next to nothing while it is off.
class Trace {
 public:
  struct Line {
    Time at;
    const char* what;
    std::int32_t fd;
    EndId end;
    std::int64_t result;
    bool has_token;
    Token token;
  };

  void enable() { enabled_ = true; }
  void add(Time at, const char* what, EndId end, std::int64_t result = 0) {
    if (enabled_) {
      lines_.push_back({at, what, -1, end, result, false, {}});
    }
  }
  void add(Time at, const char* what, int fd, EndId end, Token token, std::int64_t result) {
    if (enabled_) {
      lines_.push_back({at, what, fd, end, result, true, token});
    }
  }
  [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }

 private:
  bool enabled_ = false;
  std::vector<Line> lines_;
};

}  // namespace ringway::proxy::simulated
