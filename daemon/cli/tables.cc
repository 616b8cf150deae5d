#include "daemon/cli/tables.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/cli/fields.h"
#include "daemon/text.h"

namespace ringway::daemon {

namespace {

using nlohmann::json;
using Row = Table::Row;

/// `https`, of a route `https/shop.example`.
std::string port_of(const json& endpoint) {
  const std::string route = text(endpoint, "route");
  return text(endpoint, "port") + (route.empty() ? "" : "/" + route);
}

std::string service_of(const json& endpoint) {
  const std::string port = port_of(endpoint);
  return text(endpoint, "service") + (port.empty() ? "" : ":" + port);
}

/// As `kubectl get services` shows them: of the load balancer, then spec.externalIPs.
std::string external_ips_text(const json& service) {
  const std::string ingress = joined(service, "ingressIPs", ",");
  const std::string external = joined(service, "externalIPs", ",");
  return ingress + (ingress.empty() || external.empty() ? "" : ",") + external;
}

Row service_row(const json& item) {
  return {text(item, "name"), text(item, "type"),   joined(item, "clusterIPs", ","),
          ports_text(item),   endpoints_text(item), text(object(item, "policy"), "balancer")};
}
Row service_wide(const json& item) {
  return {external_ips_text(item), text(item, "selector"), labels_text(object(item, "labels"))};
}

Row endpoint_row(const json& item) {
  return {text(item, "service"),  port_of(item),       text(item, "address"),
          text(item, "workload"), text(item, "state"), text(object(item, "counters"), "active"),
          text(item, "reason")};
}
Row endpoint_wide(const json& item) {
  return {text(object(item, "check"), "detail"),
          text(object(item, "counters"), "connections"),
          text(item, "source"),
          text(item, "node"),
          text(item, "zone"),
          text(item, "weight"),
          text(item, "tier")};
}

Row workload_row(const json& item) {
  const std::string ready = truth(item, "terminating") ? "terminating" : truth(item, "ready") ? "yes" : "no";
  return {text(item, "name"), text(item, "source"), joined(item, "addresses", ","), ready, text(item, "reason")};
}
Row workload_wide(const json& item) {
  std::string ports;
  for (const auto& port : array(item, "ports")) {
    ports += (ports.empty() ? "" : ",") + text(port, "name") + "=" + text(port, "port");
  }
  return {std::move(ports), text(item, "node"), joined(item, "services", ","), labels_text(object(item, "labels"))};
}

Row event_row(const json& item) {
  return {text(item, "time"), text(item, "kind"), text(item, "object"), text(item, "message")};
}
Row event_wide(const json& item) {
  return {text(item, "service"), text(item, "sequence")};
}

Row session_row(const json& item) {
  return {text(item, "client"),
          text(item, "virtualIP"),
          service_of(item),
          text(item, "endpoint"),
          text(item, "state"),
          to_age(std::chrono::milliseconds(number(item, "ageMs"))),
          to_size(number(item, "bytesUpstream")) + "/" + to_size(number(item, "bytesDownstream"))};
}
Row session_wide(const json& item) {
  const std::string first_byte = text(item, "firstByteUs");
  return {text(item, "workload"),
          std::to_string(number(item, "connectUs")) + "us",
          first_byte.empty() ? "" : first_byte + "us",
          text(item, "attempts"),
          text(item, "id"),
          text(item, "serverName")};
}

}  // namespace

struct ObjectTable::Kind {
  const char* name;
  Row header;
  Row (*row)(const json&);
  Row wide_header;
  Row (*wide_row)(const json&);
};

const ObjectTable::Kind& ObjectTable::kind_of(const std::string& kind) {
  static const std::vector<Kind> kinds = {
      {"services",
       {"NAME", "TYPE", "CLUSTER-IP", "PORT(S)", "ENDPOINTS", "BALANCER"},
       &service_row,
       {"EXTERNAL-IP", "SELECTOR", "LABELS"},
       &service_wide},
      {"endpoints",
       {"SERVICE", "PORT", "ADDRESS", "WORKLOAD", "STATE", "ACTIVE", "REASON"},
       &endpoint_row,
       {"CHECK", "CONNECTIONS", "SOURCE", "NODE", "ZONE", "WEIGHT", "TIER"},
       &endpoint_wide},
      {"workloads",
       {"NAME", "SOURCE", "ADDRESS", "READY", "REASON"},
       &workload_row,
       {"PORTS", "NODE", "SERVICES", "LABELS"},
       &workload_wide},
      {"events", {"TIME", "KIND", "OBJECT", "MESSAGE"}, &event_row, {"SERVICE", "SEQUENCE"}, &event_wide},
      {"sessions",
       {"CLIENT", "VIP", "SERVICE", "ENDPOINT", "STATE", "AGE", "BYTES"},
       &session_row,
       {"WORKLOAD", "CONNECT", "FIRST-BYTE", "ATTEMPTS", "ID", "SERVER-NAME"},
       &session_wide}};
  const auto found = std::ranges::find(kinds, kind, &Kind::name);
  return found == kinds.end() ? kinds.front() : *found;
}

Table ObjectTable::make(const Kind& kind, bool wide, bool with_namespace) {
  Row header = with_namespace ? Row{"NAMESPACE"} : Row{};
  header.insert(header.end(), kind.header.begin(), kind.header.end());
  if (wide) {
    header.insert(header.end(), kind.wide_header.begin(), kind.wide_header.end());
  }
  return Table(std::move(header));
}

ObjectTable::ObjectTable(const std::string& kind, bool wide, bool with_namespace)
    : kind_(kind_of(kind)), wide_(wide), with_namespace_(with_namespace), table_(make(kind_, wide, with_namespace)) {}

void ObjectTable::add(const json& object) {
  Row row = with_namespace_ ? Row{text(object, "namespace")} : Row{};
  std::ranges::move(kind_.row(object), std::back_inserter(row));
  if (wide_) {
    std::ranges::move(kind_.wide_row(object), std::back_inserter(row));
  }
  table_.add(std::move(row));
}

std::string ports_text(const json& service) {
  std::string out;
  for (const auto& port : array(service, "ports")) {
    const auto node_port = number(port, "nodePort");
    out += (out.empty() ? "" : ",") + text(port, "port") + (node_port != 0 ? ":" + std::to_string(node_port) : "") +
           "/" + text(port, "protocol");
  }
  return out;
}

std::string endpoints_text(const json& service) {
  std::vector<std::string> counts;
  bool panic = false;
  for (const auto& port : array(service, "ports")) {
    const auto& endpoints = object(port, "endpoints");
    if (endpoints.empty()) {
      continue;
    }
    counts.push_back(text(endpoints, "usable") + "/" + text(endpoints, "total"));
    panic = panic || truth(port, "panic");
  }
  if (std::ranges::adjacent_find(counts, std::ranges::not_equal_to{}) == counts.end() && !counts.empty()) {
    counts.resize(1);
  }
  std::string out;
  for (const auto& count : counts) {
    out += (out.empty() ? "" : ",") + count;
  }
  return out + (panic ? " (panic)" : "");
}

}  // namespace ringway::daemon
