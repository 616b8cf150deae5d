#pragma once

#include <span>
#include <vector>

#include "config/values.h"
#include "discovery/frontends.h"
#include "discovery/preference.h"
#include "discovery/slot_table.h"
#include "proxy/core/snapshot.h"

namespace ringway::discovery {

/// A port that a configuration asks to run.
struct PlannedPort {
  const config::Service* service = nullptr;
  const config::ServicePort* port = nullptr;
  proxy::ServiceKey key;
  std::vector<Frontend> frontends;
};

/// Every TCP port of every Service that can be dialled, in the order of the configuration, each key once. Headless and
/// ExternalName Services and ports of other protocols are not run. `node_addresses` as `frontends_of` has them.
[[nodiscard]] std::vector<PlannedPort> planned_ports(const config::Configuration& configuration,
                                                     std::span<const proxy::IpAddress> node_addresses);

/// Where the configuration says that this daemon runs: the zone is that of `kind: Ringway`, else what the label
/// `topology.kubernetes.io/zone` of its `kind: Node` says, else `told_zone`.
[[nodiscard]] Place place_of(const config::Configuration& configuration, const std::string& told_zone);

[[nodiscard]] std::vector<SlotKey> keys_of(const std::vector<PlannedPort>& plan);

}  // namespace ringway::discovery
