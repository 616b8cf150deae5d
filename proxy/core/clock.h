#pragma once

#include <chrono>

namespace ringway::proxy {

/// Monotonic time. The data plane takes it from its ring (so that the simulator can turn it), the control plane from a
/// `Clock` handed to it (so that tests can).
using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
};

class SteadyClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace ringway::proxy
