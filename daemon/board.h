#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/values.h"
#include "daemon/data_path_report.h"
#include "daemon/events.h"
#include "discovery/reconciler.h"
#include "discovery/source/watcher.h"
#include "proxy/data_plane.h"

namespace ringway::daemon {

/// What one reload came to. `changes` and `mistakes` are lines for a person.
struct ReloadReport {
  enum class Result : std::uint8_t { kApplied, kUnchanged, kRefused };
  Result result = Result::kUnchanged;
  std::vector<std::string> changes;   ///< `service shop/web: added`
  std::vector<std::string> mistakes;  ///< why it was refused
};

[[nodiscard]] constexpr std::string_view to_string(ReloadReport::Result result) {
  constexpr std::array<std::string_view, 3> kNames = {"applied", "unchanged", "refused"};
  return kNames[static_cast<std::size_t>(result)];
}

/// `ringway_propagation_seconds`: upper bounds in microseconds; one more bucket takes the rest.
inline constexpr std::array<std::uint32_t, 12> kPropagationBounds_us = {
    500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000};

/// What the control plane counts for itself.
struct Tallies {
  std::array<std::uint64_t, 3> reloads{};  ///< by ReloadReport::Result
  bool config_valid = true;                ///< whether the files as they stood at the last try are in force
  std::array<std::uint64_t, kPropagationBounds_us.size() + 1> propagation_buckets{};
  std::uint64_t propagation_us = 0;
  std::vector<double> worker_busy;                    ///< share of the last seconds that each worker did not wait
  std::vector<std::uint64_t> worker_longest_turn_us;  ///< of the same seconds, between two waits
  std::chrono::system_clock::time_point started;

  void observe_propagation(std::chrono::microseconds elapsed);
};

/// The running daemon as the admin API and the metrics see it. The Supervisor is one; tests bring their own.
/// All members are for the control thread.
class Board {
 public:
  using Workloads = std::map<std::pair<std::string, std::string>, discovery::Workload>;
  using Sources = std::map<std::string, discovery::SourceStatus>;
  using SourceEvents = std::map<std::pair<std::string, std::string>, std::uint64_t>;

  virtual ~Board() = default;

  [[nodiscard]] virtual const config::Configuration& configuration() const = 0;
  /// Pointers in it are valid until control returns to the event loop.
  [[nodiscard]] virtual std::vector<discovery::ServiceView> services() const = 0;
  /// See Reconciler::ports_after. Pointers in what these two give are valid until control returns to the event loop.
  [[nodiscard]] virtual std::vector<discovery::ServicePortView> ports_after(const proxy::ServiceKey* after,
                                                                            std::size_t limit) const = 0;
  /// See Reconciler::endpoints_after.
  [[nodiscard]] virtual std::vector<discovery::EndpointView> endpoints_after(
      const proxy::ServiceKey& key, const std::optional<proxy::SocketAddress>& after, std::size_t limit) const = 0;
  [[nodiscard]] virtual const Workloads& workloads() const = 0;
  [[nodiscard]] virtual const Sources& sources() const = 0;
  [[nodiscard]] virtual const SourceEvents& source_events() const = 0;
  [[nodiscard]] virtual const proxy::DataPlane& data_plane() const = 0;
  [[nodiscard]] virtual const EventLog& events() const = 0;
  [[nodiscard]] virtual const Tallies& tallies() const = 0;
  /// Sources that must have listed once before the daemon is ready.
  [[nodiscard]] virtual std::vector<std::string> wanted_sources() const = 0;
  /// False until every worker runs a snapshot with all configured listeners.
  [[nodiscard]] virtual bool listening() const = 0;
  /// The daemon has been told to end and drains.
  [[nodiscard]] virtual bool stopping() const = 0;

  /// Sends bytes through each worker, see DataPathProbe; `done` runs at once or later, on the control thread.
  virtual void check_data_path(DataPathAsker done) = 0;
  /// `done` runs later, on the control thread.
  virtual void list_sessions(std::size_t limit, std::function<void(std::vector<proxy::SessionInfo>)> done) = 0;
  virtual ReloadReport reload() = 0;
  /// What Reconciler::plan_drain tells, done: how many endpoints `endpoint` names. Where a drain that survives a
  /// restart cannot be written down, nothing is changed; the error says what to do about it.
  virtual std::expected<std::size_t, std::string> drain(std::string_view endpoint,
                                                        discovery::DrainLifetime lifetime) = 0;
  virtual std::expected<std::size_t, std::string> undrain(std::string_view endpoint) = 0;
};

}  // namespace ringway::daemon
