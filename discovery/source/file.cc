#include "discovery/source/file.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace ringway::discovery {
namespace {

constexpr std::string_view kZoneLabel = "topology.kubernetes.io/zone";

std::string why_not_ready(const config::Pod& pod, bool has_address) {
  if (pod.finished) {
    return "finished";
  }
  if (!pod.ready) {
    return pod.not_ready_reason.empty() ? "not ready" : pod.not_ready_reason;
  }
  return has_address ? "" : "no address (status.podIP is not set)";
}

std::vector<proxy::IpAddress> addresses_of(const config::Pod& pod) {
  std::vector<proxy::IpAddress> addresses;
  // The address of a finished Pod may be another's by now, and publishNotReadyAddresses would send sessions to it.
  if (pod.finished) {
    return addresses;
  }
  for (const auto& text : pod.ips) {
    const auto address = proxy::IpAddress::parse(text);
    const auto same_family = [&](const proxy::IpAddress& known) { return known.is_v6() == address->is_v6(); };
    if (address && std::ranges::none_of(addresses, same_family)) {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

}  // namespace

std::string zone_of(const config::Node& node) {
  const auto zone = node.metadata.labels.find(kZoneLabel);
  return zone == node.metadata.labels.end() ? "" : zone->second;
}

Workload workload_of(const config::Pod& pod, const std::string& source, const std::string& zone) {
  Workload workload;
  workload.source = source;
  workload.id = pod.metadata.ns + "/" + pod.metadata.name;
  workload.ns = pod.metadata.ns;
  workload.name = pod.metadata.name;
  workload.labels = pod.metadata.labels;
  workload.addresses = addresses_of(pod);
  for (const auto& port : pod.ports) {
    if (!port.name.empty() && port.protocol != config::Protocol::kSctp) {
      workload.ports.emplace(port.name, NamedPort{port.port, port.protocol == config::Protocol::kUdp});
    }
  }
  workload.reason = why_not_ready(pod, !workload.addresses.empty());
  workload.ready = workload.reason.empty();
  workload.terminating = pod.metadata.terminating;
  workload.weight = pod.weight;
  workload.node = pod.node;
  workload.zone = zone;
  return workload;
}

std::vector<Workload> workloads_of(const config::Configuration& configuration) {
  std::map<std::string_view, std::string> zones;
  for (const auto& node : configuration.nodes) {
    zones.emplace(node.metadata.name, zone_of(node));
  }
  std::vector<Workload> workloads;
  workloads.reserve(configuration.pods.size());
  for (const auto& pod : configuration.pods) {
    const auto zone = zones.find(pod.node);
    workloads.push_back(workload_of(pod, "file", zone == zones.end() ? "" : zone->second));
  }
  return workloads;
}

}  // namespace ringway::discovery
