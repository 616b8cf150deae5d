#include "discovery/health/health_state.h"

#include <algorithm>
#include <utility>

namespace ringway::discovery {

HealthState::HealthState(std::uint32_t rise, std::uint32_t fall)
    : rise_(std::max<std::uint32_t>(rise, 1)), fall_(std::max<std::uint32_t>(fall, 1)) {}

bool HealthState::record(bool success, std::string detail) {
  const bool agrees = health_.up.has_value() ? *health_.up == success : success;
  against_ = agrees ? 0 : against_ + 1;
  const std::uint32_t needed = success ? rise_ : fall_;
  std::optional<bool> up = health_.up;
  if ((!up.has_value() && success) || against_ >= needed) {
    up = success;
    against_ = 0;
  }
  Health next{up, std::move(detail)};
  const bool changed = next != health_;
  health_ = std::move(next);
  return changed;
}

bool HealthState::not_run(std::string detail) {
  const bool changed = health_.detail != detail;
  health_.detail = std::move(detail);
  return changed;
}

}  // namespace ringway::discovery
