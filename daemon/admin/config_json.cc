#include "daemon/admin/config_json.h"

#include <array>
#include <nlohmann/json.hpp>

#include "config/quantity.h"
#include "daemon/drain_file.h"
#include "daemon/text.h"
#include "discovery/health/check.h"

namespace ringway::daemon {

namespace {

using nlohmann::json;

template <typename Enum, std::size_t N>
std::string_view name_of(Enum value, const std::array<std::string_view, N>& names) {
  return names.at(static_cast<std::size_t>(value));
}

std::string status_text(const std::vector<config::StatusRange>& ranges) {
  std::string out;
  for (const auto& range : ranges) {
    out += out.empty() ? "" : ",";
    out += std::to_string(range.first);
    out += range.first == range.last ? "" : "-" + std::to_string(range.last);
  }
  return out;
}

json health_check_json(const config::HealthCheck& check) {
  json out = {{"interval", to_duration(check.interval)},
              {"fastInterval", to_duration(check.fast_interval)},
              {"timeout", to_duration(check.timeout)},
              {"rise", check.rise},
              {"fall", check.fall},
              {"jitter", check.jitter}};
  json kind = json::object();
  if (check.port != 0) {
    kind["port"] = check.port;
  }
  if (check.kind == config::HealthCheck::Kind::kTcp) {
    if (!check.send.empty()) {
      kind["send"] = discovery::bytes_text(check.send);
    }
    if (!check.expect.empty()) {
      kind["expect"] = discovery::bytes_text(check.expect);
    }
    out["tcp"] = kind;
    return out;
  }
  if (check.kind == config::HealthCheck::Kind::kGrpc) {
    kind["service"] = check.service;
    if (!check.host.empty()) {
      kind["authority"] = check.host;
    }
    out["grpc"] = kind;
    return out;
  }
  kind["method"] = check.method;
  kind["path"] = check.path;
  kind["expectStatus"] = status_text(check.expect_status);
  if (!check.host.empty()) {
    kind["host"] = check.host;
  }
  if (!check.expect_body.empty()) {
    kind["expectBody"] = check.expect_body;
  }
  out["http"] = kind;
  return out;
}

json metadata_json(const config::Metadata& metadata) {
  json out = {{"namespace", metadata.ns}, {"name", metadata.name}, {"labels", metadata.labels}};
  if (metadata.terminating) {
    out["terminating"] = true;
  }
  return out;
}

template <typename Port>
json port_json(const Port& port) {
  return {{"name", port.name}, {"port", port.port}, {"protocol", to_string(port.protocol)}};
}

template <typename Item>
json list(const std::vector<Item>& items, json (*one)(const Item&)) {
  json out = json::array();
  for (const auto& item : items) {
    out.push_back(one(item));
  }
  return out;
}

}  // namespace

std::string_view to_string(config::Protocol protocol) {
  return name_of(protocol, std::array<std::string_view, 3>{"TCP", "UDP", "SCTP"});
}
std::string_view to_string(config::Balancer balancer) {
  return name_of(balancer, std::array<std::string_view, 7>{"leastConnections", "roundRobin", "random", "powerOfTwo",
                                                           "sourceHash", "peakEwma", "first"});
}
std::string_view to_string(config::Engine engine) {
  return name_of(engine, std::array<std::string_view, 3>{"auto", "io_uring", "epoll"});
}
std::string_view to_string(config::VirtualIpMode mode) {
  return name_of(mode, std::array<std::string_view, 3>{"auto", "steer", "off"});
}
std::string_view to_string(config::LogLevel level) {
  return name_of(level, std::array<std::string_view, 4>{"debug", "info", "warn", "error"});
}
std::string_view to_string(config::ServiceType type) {
  return name_of(type, std::array<std::string_view, 4>{"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"});
}

json balancing_json(const config::Policy& policy) {
  constexpr std::array<std::string_view, 3> kPrefers = {"none", "sameZone", "sameNode"};
  json out = {{"balancer", to_string(policy.balancer)}, {"locality", {{"minHealthy", policy.min_healthy}}}};
  if (policy.balancer == config::Balancer::kPeakEwma) {
    out["peakEwma"] = {{"decay", to_duration(policy.ewma_decay)}};
  }
  if (policy.balancer == config::Balancer::kFirst) {
    out["first"] = {{"maxConnections", policy.first_limit}};
  }
  if (policy.prefer) {
    out["locality"]["prefer"] = name_of(*policy.prefer, kPrefers);
  }
  for (const auto& rule : policy.weights) {
    json entry = {{"selector", rule.selector.to_string()}, {"weight", rule.weight}};
    out["weights"].push_back(std::move(entry));
  }
  for (const auto& tier : policy.tiers) {
    json entry = {{"selector", tier.to_string()}};
    out["tiers"].push_back(std::move(entry));
  }
  return out;
}

json outliers_json(const std::optional<config::OutlierDetection>& outliers) {
  if (!outliers) {
    return "off";
  }
  return {{"connectFailures", outliers->connect_failures},
          {"earlyResets", outliers->early_resets},
          {"successRate",
           {{"deviations", outliers->deviations},
            {"minEndpoints", outliers->min_endpoints},
            {"minConnections", outliers->min_connections}}},
          {"interval", to_duration(outliers->interval)},
          {"ejection", to_duration(outliers->ejection)},
          {"maxEjection", to_duration(outliers->max_ejection)},
          {"maxEjected", outliers->max_ejected}};
}

json source_json(const config::Source& source) {
  if (source.kind != config::Source::Kind::kAddresses) {
    return source.kind == config::Source::Kind::kAuto ? "auto" : "transparent";
  }
  json out = json::object();
  if (!source.addresses.empty()) {
    out["addresses"] = source.addresses;
  }
  if (source.first_port != 0) {
    out["ports"] = std::to_string(source.first_port) + "-" + std::to_string(source.last_port);
  }
  return out;
}

json sni_json(const config::Sni& sni) {
  json routes = json::array();
  for (const auto& route : sni.routes) {
    routes.push_back({{"names", route.names}, {"selector", route.selector.to_string()}});
  }
  return {{"port", std::visit([](const auto& port) { return json(port); }, sni.port)},
          {"routes", std::move(routes)},
          {"timeout", to_duration(sni.timeout)},
          {"unmatched", sni.reject ? "reject" : "default"}};
}

json bandwidth_json(const config::Policy& policy) {
  const auto rates = [](std::uint64_t up, std::uint64_t down) {
    return json{{"up", config::print_quantity(up)}, {"down", config::print_quantity(down)}};
  };
  return {{"perSession", rates(policy.session_up, policy.session_down)},
          {"service", rates(policy.service_up, policy.service_down)}};
}

json policy_json(const config::Policy& policy) {
  json out = {{"connect",
               {{"timeout", to_duration(policy.connect_timeout)},
                {"attempts", policy.connect_attempts},
                {"retryBudget", policy.retry_budget}}},
              {"outlierDetection", outliers_json(policy.outliers)},
              {"slowStart", to_duration(policy.slow_start)},
              {"idleTimeout", to_duration(policy.idle_timeout)},
              {"maxConnectionAge", to_duration(policy.max_connection_age)},
              {"maxConnections", policy.max_connections},
              {"maxConnectionsPerEndpoint", policy.max_per_endpoint},
              {"queue", {{"maxConnections", policy.queue_limit}, {"timeout", to_duration(policy.queue_timeout)}}},
              {"perClient",
               {{"maxConnections", policy.client_connections},
                {"rate", policy.client_rate},
                {"burst", policy.client_burst},
                {"ipv6Prefix", policy.client_ipv6_bits}}},
              {"drain",
               {{"timeout", to_duration(policy.drain_timeout)},
                {"onEnd", name_of(policy.drain_end, std::array<std::string_view, 3>{"close", "reset", "keep"})}}},
              {"source", source_json(policy.source)},
              {"onDown", policy.on_down == config::OnDown::kCloseSessions ? "closeSessions" : "keepSessions"}};
  out["bandwidth"] = bandwidth_json(policy);
  out.update(balancing_json(policy));
  if (!policy.allow.empty()) {
    out["access"]["allow"] = policy.allow;
  }
  if (!policy.deny.empty()) {
    out["access"]["deny"] = policy.deny;
  }
  if (policy.proxy_send != config::ProxyHeaderVersion::kNone || !policy.proxy_sources.empty()) {
    constexpr std::array<std::string_view, 3> kVersions = {"off", "v1", "v2"};
    out["proxyProtocol"] = {{"send", name_of(policy.proxy_send, kVersions)},
                            {"crc32c", policy.proxy_crc32c},
                            {"uniqueId", policy.proxy_unique_id},
                            {"trustedSources", policy.proxy_sources},
                            {"timeout", to_duration(policy.proxy_timeout)}};
  }
  if (policy.sni) {
    out["sni"] = sni_json(*policy.sni);
  }
  if (policy.selector) {
    out["selector"] = policy.selector->to_string();
  }
  if (policy.health_check) {
    out["healthCheck"] = health_check_json(*policy.health_check);
  }
  return out;
}

json target_port_json(const config::ServicePort& port) {
  return std::visit([](const auto& target) { return json(target); }, port.target_port);
}

json node_ports_json(const config::Ringway& ringway) {
  json out = json::array();
  if (ringway.node_port_primary) {
    out.push_back("primary");
  }
  for (const auto& network : ringway.node_port_ranges) {
    out.push_back(network);
  }
  return out;
}

json settings_json(const config::Ringway& ringway) {
  json out = {
      {"node", {{"name", ringway.node}, {"zone", ringway.zone}}},
      {"engine", to_string(ringway.engine)},
      {"busyPoll", std::to_string(ringway.busy_poll.count()) + "us"},
      {"minSyncPeriod", std::to_string(ringway.min_sync_period.count()) + "ms"},
      {"backlog", ringway.backlog},
      {"admin", {{"listen", ringway.admin_listen}}},
      {"log",
       {{"level", to_string(ringway.log_level)},
        {"format", ringway.log_format == config::LogFormat::kJson ? "json" : "text"},
        {"accessLog", ringway.access_log}}},
      {"virtualIPs", {{"mode", to_string(ringway.virtual_ip_mode)}, {"interface", ringway.virtual_ip_interface}}},
      {"transparentSource",
       {{"mark", ringway.transparent_mark},
        {"table", ringway.transparent_table},
        {"priority", ringway.transparent_priority}}},
      {"externalIPs", {{"allow", ringway.external_ip_ranges}}},
      {"nodePortAddresses", node_ports_json(ringway)},
      {"manifests", ringway.manifests},
      {"stateDirectory", state_directory(ringway)},
      {"discovery", json::object()},
      {"defaults", {{"policy", policy_json(ringway.default_policy)}}}};
  out["workers"] = ringway.workers == 0 ? json("auto") : json(ringway.workers);
  if (ringway.docker) {
    out["discovery"]["docker"] = {{"socket", ringway.docker->socket}, {"network", ringway.docker->network}};
  }
  if (ringway.containerd) {
    out["discovery"]["containerd"] = {{"socket", ringway.containerd->socket}};
  }
  if (ringway.kubernetes) {
    out["discovery"]["kubernetes"] = {{"kubeconfig", ringway.kubernetes->kubeconfig},
                                      {"context", ringway.kubernetes->context},
                                      {"namespaces", ringway.kubernetes->namespaces},
                                      {"labelSelector", ringway.kubernetes->label_selector}};
  }
  return out;
}

json service_json(const config::Service& service) {
  json out = metadata_json(service.metadata);
  out["type"] = to_string(service.type);
  out["clusterIPs"] = service.cluster_ips;
  out["selector"] = service.selector ? json(service.selector->to_string()) : json(nullptr);
  out["publishNotReadyAddresses"] = service.publish_not_ready_addresses;
  out["internalTrafficPolicy"] = service.internal_local ? "Local" : "Cluster";
  out["externalTrafficPolicy"] = service.external_local ? "Local" : "Cluster";
  out["externalIPs"] = service.external_ips;
  out["refusedExternalIPs"] = service.refused_external_ips;
  out["ingressIPs"] = service.ingress_ips;
  out["loadBalancerSourceRanges"] = service.source_ranges;
  out["healthCheckNodePort"] = service.health_check_node_port;
  out["sessionAffinity"] = service.affinity_timeout.count() > 0 ? "ClientIP" : "None";
  if (service.affinity_timeout.count() > 0) {
    out["sessionAffinityTimeout"] = to_duration(service.affinity_timeout);
  }
  out["policy"] = policy_json(service.policy);
  out["notServed"] = json::array();
  out["ports"] = json::array();
  for (const auto& port : service.ports) {
    if (port.protocol != config::Protocol::kTcp) {
      out["notServed"].push_back(std::to_string(port.port) + "/" + std::string(to_string(port.protocol)));
    }
    json entry = port_json(port);
    entry["targetPort"] = target_port_json(port);
    entry["nodePort"] = port.node_port;
    out["ports"].push_back(std::move(entry));
  }
  return out;
}

json pod_json(const config::Pod& pod) {
  json out = metadata_json(pod.metadata);
  out["node"] = pod.node;
  out["ports"] = list(pod.ports, &port_json<config::ContainerPort>);
  out["ips"] = pod.ips;
  out["ready"] = pod.ready;
  out["notReadyReason"] = pod.not_ready_reason;
  out["finished"] = pod.finished;
  out["weight"] = pod.weight ? json(*pod.weight) : json(nullptr);
  return out;
}

json slice_json(const config::EndpointSlice& slice) {
  const auto target = [](std::string_view workload) { return workload.substr(workload.find('/') + 1); };
  json out = metadata_json(slice.metadata);
  out["service"] = slice.service;
  out["ports"] = list(slice.ports, &port_json<config::EndpointPort>);
  out["weight"] = slice.weight ? json(*slice.weight) : json(nullptr);
  out["endpoints"] = json::array();
  for (const auto& endpoint : slice.endpoints) {
    out["endpoints"].push_back({{"address", endpoint.address.to_string()},
                                {"ready", endpoint.ready},
                                {"serving", endpoint.serving},
                                {"terminating", endpoint.terminating},
                                {"node", endpoint.place.get().node},
                                {"zone", endpoint.place.get().zone},
                                {"target", target(endpoint.workload)},
                                {"hintZones", endpoint.place.get().hint_zones},
                                {"hintNodes", endpoint.place.get().hint_nodes}});
  }
  return out;
}

json node_json(const config::Node& node) {
  return metadata_json(node.metadata);
}

json configuration_json(const config::Configuration& configuration) {
  json files = json::array();
  for (const auto& file : configuration.files) {
    files.push_back(file.string());
  }
  return {{"ringway", settings_json(configuration.ringway)},
          {"services", list(configuration.services, &service_json)},
          {"pods", list(configuration.pods, &pod_json)},
          {"endpointSlices", list(configuration.slices, &slice_json)},
          {"nodes", list(configuration.nodes, &node_json)},
          {"files", std::move(files)},
          {"notes", configuration.notes}};
}

}  // namespace ringway::daemon
