#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/values.h"
#include "proxy/core/clock.h"
#include "proxy/core/snapshot.h"

namespace ringway::discovery {

/// What an endpoint is ejected for, in the words of `ringway_ejections_total{reason}`.
enum class EjectionReason : std::uint8_t { kConnectFailures, kEarlyResets, kSuccessRate };
inline constexpr std::size_t kEjectionReasonCount = 3;
[[nodiscard]] std::string_view to_string(EjectionReason reason);

/// What the detector remembers of one endpoint. Counts of a window are told apart by subtraction, so they may go
/// around.
struct OutlierRecord {
  proxy::Time until = proxy::Time::min();  ///< ejected until then
  std::string detail;                      ///< of the last ejection, for a person: "5 connects in a row failed"
  std::uint32_t times = 0;                 ///< ejections that the next one has to be longer for
  std::array<std::uint64_t, kEjectionReasonCount> ejections{};
  std::uint32_t window_connections = 0;  ///< when the window of success rates began
  std::uint32_t window_failures = 0;

  [[nodiscard]] bool ejected(proxy::Time now) const { return now < until; }
};

/// An endpoint that is ready by its source and its operator.
struct Suspect {
  proxy::EndpointState* state = nullptr;
  OutlierRecord* record = nullptr;
  bool healthy = false;  ///< but for its ejection
};

/// Finds among the endpoints of one port those that sessions fail with while others do well, and ejects them for a
/// time: by failures in a row, and by success rate as Envoy does (mean - factor * standard deviation; Envoy's
/// documentation, "Outlier detection"). Bookkeeping alone: the owner says when, and keeps the records. For the control
/// thread.
class OutlierDetector {
 public:
  /// To be called about once a second. `failures_seen` = something failed since the last call. Returns whether one was
  /// ejected.
  bool look(std::span<Suspect> suspects, const config::OutlierDetection& policy, bool failures_seen, proxy::Time now);
  /// It wants to be called again though nothing fails: a window of success rates is open.
  [[nodiscard]] bool watching() const { return window_began_.has_value(); }

 private:
  void judge_rates(std::span<Suspect> suspects, proxy::Time now);
  void eject(Suspect& suspect, EjectionReason reason, std::string detail, proxy::Time now);

  config::OutlierDetection policy_;  ///< of this look
  std::size_t room_ = 0;             ///< how many more may be ejected
  std::size_t healthy_ = 0;          ///< how many would take sessions
  bool ejected_one_ = false;
  std::optional<proxy::Time> window_began_;
};

}  // namespace ringway::discovery
