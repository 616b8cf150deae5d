#include "discovery/reconciler_plan.h"

#include <set>

namespace ringway::discovery {

std::vector<PlannedPort> planned_ports(const config::Configuration& configuration,
                                       std::span<const proxy::IpAddress> node_addresses) {
  std::vector<PlannedPort> plan;
  std::set<proxy::ServiceKey> known;
  for (const config::Service& service : configuration.services) {
    if (!service.dialable()) {
      continue;
    }
    for (const config::ServicePort& port : service.ports) {
      proxy::ServiceKey key{service.metadata.ns, service.metadata.name, port.name, proxy::Protocol::kTcp};
      if (port.protocol == config::Protocol::kTcp && known.insert(key).second) {
        plan.push_back({&service, &port, std::move(key), frontends_of(service, port, node_addresses)});
      }
    }
  }
  return plan;
}

Place place_of(const config::Configuration& configuration, const std::string& told_zone) {
  Place here{configuration.ringway.node, configuration.ringway.zone};
  for (const config::Node& node : configuration.nodes) {
    const auto zone = node.metadata.labels.find("topology.kubernetes.io/zone");
    if (here.zone.empty() && node.metadata.name == here.node && zone != node.metadata.labels.end()) {
      here.zone = zone->second;
    }
  }
  if (here.zone.empty()) {
    here.zone = told_zone;
  }
  return here;
}

std::vector<SlotKey> keys_of(const std::vector<PlannedPort>& plan) {
  std::vector<SlotKey> keys;
  keys.reserve(plan.size());
  for (const PlannedPort& planned : plan) {
    for (const Frontend& frontend : planned.frontends) {
      keys.push_back({planned.key, frontend.id()});
    }
  }
  return keys;
}

}  // namespace ringway::discovery
