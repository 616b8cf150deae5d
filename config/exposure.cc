#include <algorithm>
#include <string>
#include <vector>

#include "config/draft.h"
#include "config/names.h"
#include "config/policy.h"

namespace ringway::config {
namespace {

constexpr std::int64_t kMaxPort = 65'535;

bool faces_outside(const Service& service) {
  return service.type == ServiceType::kNodePort || service.type == ServiceType::kLoadBalancer;
}

void decode_node_ports(const Cursor& ports, ServiceDraft& draft) {
  std::vector<ServicePort>& known = draft.service.ports;
  if (known.empty()) {
    return;
  }
  const auto entries = ports.list();
  for (std::size_t i = 0; i < std::min(entries.size(), known.size()); ++i) {
    const Cursor number = entries[i]["nodePort"];
    draft.node_ports.push_back(number.spot());
    const auto value = static_cast<std::uint16_t>(number.integer(0, kMaxPort).value_or(0));
    if (value == 0) {
      continue;
    }
    if (!faces_outside(draft.service)) {
      number.fail("belongs to type NodePort or LoadBalancer");
      continue;
    }
    known[i].node_port = value;
    for (std::size_t other = 0; other < i; ++other) {
      if (known[other].node_port == value && known[other].protocol == known[i].protocol) {
        number.fail(std::to_string(value) + " with the same protocol stands in ports[" + std::to_string(other) +
                    "] too");
      }
    }
  }
}

// Returns whether there are any.
bool decode_external_ips(const Cursor& external_ips, Service& service) {
  const auto entries = external_ips.list();
  for (const Cursor& entry : entries) {
    const auto address = decode_address(entry);
    if (address && std::ranges::find(service.external_ips, address->text) == service.external_ips.end()) {
      service.external_ips.push_back(address->text);
    }
  }
  return !entries.empty();
}

// KEP-1860: with ipMode Proxy the balancer's address must not be taken for our own, for it does more than pass on.
void decode_ingress(const Cursor& ingress, Service& service) {
  for (const Cursor& entry : ingress.list()) {
    entry.expect_map();
    const Cursor ip = entry["ip"];
    const Cursor mode = entry["ipMode"];
    const bool is_vip = mode.one_of<bool>({{"VIP", true}, {"Proxy", false}}).value_or(true);
    if (mode.present() && !ip.present()) {
      mode.fail("belongs to an ip");
    }
    const auto address = ip.present() ? decode_address(ip) : std::nullopt;
    if (address && is_vip && service.type == ServiceType::kLoadBalancer &&
        std::ranges::find(service.ingress_ips, address->text) == service.ingress_ips.end()) {
      service.ingress_ips.push_back(address->text);
    }
  }
}

void decode_source_ranges(const Cursor& ranges, Service& service) {
  const auto entries = ranges.list();
  if (entries.empty()) {
    return;
  }
  if (service.type != ServiceType::kLoadBalancer) {
    ranges.fail("belongs to type LoadBalancer");
    return;
  }
  for (const Cursor& entry : entries) {
    const auto text = entry.string();
    const auto first = text ? text->find_first_not_of(' ') : std::string::npos;
    if (!text || first == std::string::npos) {
      entry.check(text ? "a network like 10.0.0.0/8 or fd00::/8 is needed" : "");
      continue;
    }
    auto network = parse_loose_network(text->substr(first, text->find_last_not_of(' ') + 1 - first));
    if (network) {
      service.source_ranges.push_back(std::move(*network));
    } else {
      entry.fail("'" + *text + "': " + network.error());
    }
  }
}

void decode_traffic_policy(const Cursor& spec, bool has_external_ips, ServiceDraft& draft) {
  Service& service = draft.service;
  const Cursor policy = spec["externalTrafficPolicy"];
  service.external_local = policy.one_of<bool>({{"Cluster", false}, {"Local", true}}).value_or(false);
  if (service.external_local && !faces_outside(service) && !has_external_ips) {
    policy.fail("belongs to type NodePort or LoadBalancer, or to externalIPs");
  }
  const Cursor health = spec["healthCheckNodePort"];
  draft.health_check_node_port = health.spot();
  service.health_check_node_port = static_cast<std::uint16_t>(health.integer(0, kMaxPort).value_or(0));
  if (service.health_check_node_port != 0 && (service.type != ServiceType::kLoadBalancer || !service.external_local)) {
    health.fail("belongs to type LoadBalancer with externalTrafficPolicy Local");
    service.health_check_node_port = 0;
  }
}

}  // namespace

void decode_exposure(const Cursor& document, ServiceDraft& draft) {
  const Cursor spec = document["spec"];
  decode_node_ports(spec["ports"], draft);
  const bool has_external_ips = decode_external_ips(spec["externalIPs"], draft.service);
  const Cursor balancer = document["status"]["loadBalancer"];
  document["status"].expect_map();
  balancer.expect_map();
  decode_ingress(balancer["ingress"], draft.service);
  decode_source_ranges(spec["loadBalancerSourceRanges"], draft.service);
  decode_traffic_policy(spec, has_external_ips, draft);
  // What was not allocated is 0 in `nodePort`; one that is there counts all the same, as with kube-proxy.
  static_cast<void>(spec["allocateLoadBalancerNodePorts"].boolean());
}

void restrict_external_ips(Service& service, const Ringway& ringway) {
  service.refused_external_ips.clear();
  std::erase_if(service.external_ips, [&](const std::string& ip) {
    const bool refused = std::ranges::none_of(ringway.external_ip_ranges,
                                              [&ip](const std::string& range) { return network_holds(range, ip); });
    if (refused) {
      service.refused_external_ips.push_back(ip);
    }
    return refused;
  });
}

}  // namespace ringway::config
