#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daemon/admin/families.h"
#include "daemon/board.h"

namespace ringway::daemon {

/// The families of metrics that carry the labels `namespace, service, port, protocol`, as text, in steps: other work
/// may be done between two of them, and the Services may change.
class ServiceMetrics {
 public:
  /// `board` must outlive the last call of `step`.
  explicit ServiceMetrics(const Board& board);

  /// Looks at some endpoints or at one port and appends the lines that come of it, if any. False: that was all. One
  /// step takes some 0.1 ms.
  bool step(std::string& text);

 private:
  enum class Phase : std::uint8_t { kPorts, kStates, kEndpoints, kDone };
  static constexpr std::size_t kConditions = static_cast<std::size_t>(discovery::EndpointCondition::kDraining) + 1;

  void begin_family();
  void next_family();
  // These look at what comes next for the family; false: that was the last.
  bool look_at_ports();
  bool look_at_endpoints();

  bool read_keys();
  void add_port(const discovery::ServicePortView& view);
  void add_endpoints(std::span<const discovery::EndpointView> views);
  void begin_states(const proxy::ServiceKey& key);
  void end_states();

  const Board& board_;
  Phase phase_ = Phase::kPorts;
  std::size_t number_ = 0;  ///< of the family in its phase
  std::optional<Family> family_;
  std::optional<proxy::ServiceKey> place_;                      ///< the last port or route that was read
  std::optional<std::pair<std::string, std::string>> service_;  ///< of the last port that was read
  /// Those whose endpoints come next, and the last address of the first that was read.
  std::deque<std::shared_ptr<const proxy::ServiceKey>> keys_;
  std::optional<proxy::SocketAddress> address_;
  std::optional<MetricLabels> port_labels_;            ///< of the port whose endpoints are counted
  std::array<std::size_t, kConditions> conditions_{};  ///< of the endpoints of the port and its routes
  std::vector<bool> present_;                          ///< by family of endpoints: one has it
};

}  // namespace ringway::daemon
