#pragma once

#include <cstdint>
#include <string>

#include "discovery/health/health_checker.h"

namespace ringway::discovery {

/// The rise and fall of one checked address: results in, `Health` out. Pure; no time, no thread.
///
///              success                      rise successes in a row
///   unknown ────────────▶ up ◀───────────────────────────────────── down
///      │                   └──────────────────────────────────────▶  ▲
///      │                            fall failures in a row           │
///      └─────────────────────────────────────────────────────────────┘
class HealthState {
 public:
  /// `rise` and `fall` count from 1; 0 is taken as 1.
  HealthState(std::uint32_t rise, std::uint32_t fall);

  /// Takes the result of a probe. True where `up` or `detail` differs from before.
  bool record(bool success, std::string detail);
  /// A probe could not be made, for a reason of ours: counts for nothing, only the words change. True where they do.
  bool not_run(std::string detail);

  [[nodiscard]] const Health& health() const { return health_; }
  /// The last result agrees with the state, so there is no hurry. False before the first.
  [[nodiscard]] bool settled() const { return health_.up.has_value() && against_ == 0; }

 private:
  std::uint32_t rise_;
  std::uint32_t fall_;
  std::uint32_t against_ = 0;  ///< results in a row that speak against the state
  Health health_;
};

}  // namespace ringway::discovery
