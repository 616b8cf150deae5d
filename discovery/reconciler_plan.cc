#include "discovery/reconciler_plan.h"

#include <set>

#include "discovery/candidates.h"

namespace ringway::discovery {

std::vector<PlannedPort> planned_ports(const config::Configuration& configuration) {
  std::vector<PlannedPort> plan;
  std::set<proxy::ServiceKey> known;
  for (const config::Service& service : configuration.services) {
    if (service.type == config::ServiceType::kExternalName || virtual_ips(service).empty()) {
      continue;
    }
    for (const config::ServicePort& port : service.ports) {
      proxy::ServiceKey key{service.metadata.ns, service.metadata.name, port.name, proxy::Protocol::kTcp};
      if (port.protocol == config::Protocol::kTcp && known.insert(key).second) {
        plan.push_back({&service, &port, std::move(key)});
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

std::vector<proxy::ServiceKey> keys_of(const std::vector<PlannedPort>& plan) {
  std::vector<proxy::ServiceKey> keys;
  keys.reserve(plan.size());
  for (const PlannedPort& planned : plan) {
    keys.push_back(planned.key);
  }
  return keys;
}

}  // namespace ringway::discovery
