#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/values.h"
#include "discovery/frontends.h"
#include "discovery/port_runtime.h"
#include "discovery/preference.h"
#include "discovery/slot_table.h"
#include "proxy/core/snapshot.h"

namespace ringway::discovery {

/// A port that a configuration asks to run, or a route of one.
struct PlannedPort {
  const config::Service* service = nullptr;  ///< of a route: `routed`
  const config::ServicePort* port = nullptr;
  proxy::ServiceKey key;
  std::vector<Frontend> frontends;
  std::size_t position = 0;  ///< of the Service in the configuration
  /// Of a route: its Service as if it had the route's selector, so that all that is done for a Service is done for it.
  std::shared_ptr<const config::Service> routed = {};
};

/// Every TCP port of every Service that can be dialled, in the order of the configuration, each key once. Headless and
/// ExternalName Services and ports of other protocols are not run. The routes of a port come after it. `node_addresses`
/// as `frontends_of` has them.
[[nodiscard]] std::vector<PlannedPort> planned_ports(const config::Configuration& configuration,
                                                     std::span<const proxy::IpAddress> node_addresses);

/// Where the configuration says that this daemon runs: the zone is that of `kind: Ringway`, else what the label
/// `topology.kubernetes.io/zone` of its `kind: Node` says, else `told_zone`.
[[nodiscard]] Place place_of(const config::Configuration& configuration, const std::string& told_zone);

/// Both are of one port: it, or routes of it.
[[nodiscard]] bool same_port(const proxy::ServiceKey& left, const proxy::ServiceKey& right);

/// What `planned` looks like in a snapshot with these slots, before it has endpoints: PortRuntime::shape for each
/// frontend, and how a port and its routes find each other there. A frontend of a route stands for that of the port.
[[nodiscard]] std::vector<PortRuntime::Front> planned_fronts(const PlannedPort& planned, const SlotTable& slots);

[[nodiscard]] std::vector<SlotKey> keys_of(const std::vector<PlannedPort>& plan);

}  // namespace ringway::discovery
