#include "config/claims.h"

namespace ringway::config {
namespace {

std::string node_port(std::uint16_t number) {
  return "node port " + std::to_string(number);
}

}  // namespace

std::vector<Claim> claims_of(const Service& service) {
  std::vector<Claim> claims;
  if (!service.dialable()) {
    return claims;
  }
  for (std::size_t i = 0; i < service.ports.size(); ++i) {
    const ServicePort& port = service.ports[i];
    if (port.port == 0) {
      continue;
    }
    for (const auto* ips : {&service.cluster_ips, &service.external_ips, &service.ingress_ips}) {
      for (const std::string& ip : *ips) {
        const std::string host = ip.contains(':') ? "[" + ip + "]" : ip;
        claims.push_back({host + ":" + std::to_string(port.port), port.protocol, i});
      }
    }
    if (port.node_port != 0) {
      claims.push_back({node_port(port.node_port), port.protocol, i});
    }
  }
  if (service.health_check_node_port != 0) {
    claims.push_back({node_port(service.health_check_node_port), Protocol::kTcp, service.ports.size()});
  }
  return claims;
}

}  // namespace ringway::config
