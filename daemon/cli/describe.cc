#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/command_line.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/fields.h"
#include "daemon/cli/policy_text.h"
#include "daemon/cli/table.h"
#include "daemon/cli/tables.h"
#include "daemon/text.h"

namespace ringway::daemon {

namespace {

using nlohmann::json;

/// The newest events that are shown.
constexpr std::size_t kShownEvents = 20;

/// One line `Name:      value`.
void line(std::ostream& out, const std::string& name, const std::string& value) {
  constexpr std::size_t kWidth = 14;
  std::string head = name + ":";
  head.resize(std::max(kWidth, head.size() + 1), ' ');
  out << head << (value.empty() ? "<none>" : printable(value)) << '\n';
}

std::string affinity_text(const json& service) {
  const std::string timeout = text(service, "sessionAffinityTimeout");
  return text(service, "sessionAffinity") + (timeout.empty() ? "" : ", for " + timeout + " after the last connection");
}

/// What is for clients from outside of the cluster, where there is any.
void print_exposure(const json& service, std::ostream& out) {
  const auto say = [&](const char* name, const std::string& value) {
    if (!value.empty()) {
      line(out, name, value);
    }
  };
  say("External IPs", joined(service, "externalIPs", ", "));
  const std::string refused = joined(service, "refusedExternalIPs", ", ");
  say("Refused IPs", refused.empty() ? "" : refused + " (no network of spec.externalIPs.allow holds them)");
  say("Balancer IPs", joined(service, "ingressIPs", ", "));
  say("Sources", joined(service, "loadBalancerSourceRanges", ", "));
  if (text(service, "externalTrafficPolicy") == "Local") {
    line(out, "External", "Local");
  }
  if (number(service, "healthCheckNodePort") != 0) {
    line(out, "Health port", text(service, "healthCheckNodePort"));
  }
}

/// Frontends that do not serve, and those that differ from the port's first.
void print_frontends(const json& port, std::ostream& out) {
  const json& frontends = array(port, "frontends");
  for (const auto& frontend : frontends) {
    const std::string answer = text(frontend, "answer");
    if (frontends.size() == 1 && answer != "drops") {
      continue;
    }
    const std::string family = text(frontend, "family");
    const std::string listen = joined(frontend, "listen", ",");
    out << "  port " << text(port, "port") << ", " << text(frontend, "side") << (family == "any" ? "" : " " + family)
        << " (" << (listen.empty() ? "no address" : listen)
        << "): " << (answer == "serves" ? text(frontend, "endpoints") + " endpoints" : answer)
        << (answer == "drops" ? ", all endpoints are on other nodes and the traffic policy is Local" : "") << '\n';
  }
}

void print_ports(const json& service, std::ostream& out) {
  out << "Ports:\n";
  Table table({"  NAME", "LISTENS", "TARGET", "ENDPOINTS", "SESSIONS", "ACTIVE", "UP/DOWN", "RETRIES"});
  for (const auto& port : array(service, "ports")) {
    const auto& counters = object(port, "counters");
    const auto& endpoints = object(port, "endpoints");
    const std::string name = text(port, "name");
    table.add({"  " + (name.empty() ? "<unset>" : name), joined(port, "listen", ",") + "/" + text(port, "protocol"),
               text(port, "targetPort"),
               text(endpoints, "usable") + "/" + text(endpoints, "total") + (truth(port, "panic") ? " (panic)" : ""),
               text(counters, "connections"), text(counters, "active"),
               to_size(number(counters, "bytesUpstream")) + "/" + to_size(number(counters, "bytesDownstream")),
               text(counters, "connectRetries")});
  }
  table.print(out);
  for (const auto& port : array(service, "ports")) {
    print_frontends(port, out);
    const auto& reach = object(port, "reach");
    if (text(reach, "wanted") != text(reach, "now")) {
      out << "  port " << text(port, "port") << ": too few near endpoints are healthy, sessions go "
          << text(reach, "now") << '\n';
    }
    if (number(port, "tier") > 1) {
      out << "  port " << text(port, "port") << ": tier " << text(port, "tier") << " takes new sessions\n";
    }
  }
}

/// Each route of each port, and last whoever took none.
void print_routes(const json& service, std::ostream& out) {
  Table table({"  ROUTE", "NAMES", "SELECTOR", "ENDPOINTS", "SESSIONS"});
  for (const auto& port : array(service, "ports")) {
    for (const auto& route : array(port, "routes")) {
      const auto& endpoints = object(route, "endpoints");
      table.add({"  " + text(route, "name"), joined(route, "names", ","), text(route, "selector"),
                 text(endpoints, "usable") + "/" + text(endpoints, "total") + (truth(route, "panic") ? " (panic)" : ""),
                 text(object(route, "counters"), "sessions")});
    }
    if (port.contains("routes")) {
      std::string unrouted;
      for (const auto& [reason, count] : object(object(port, "counters"), "unrouted").items()) {
        unrouted += (unrouted.empty() ? "" : ", ") + count.dump() + " " + reason;
      }
      const bool reject = text(object(object(service, "policy"), "sni"), "unmatched") == "reject";
      table.add({"  <none>", "", reject ? "RST" : text(service, "selector"), "", unrouted.empty() ? "0" : unrouted});
    }
  }
  if (!table.empty()) {
    out << "Routes:\n";
    table.print(out);
  }
}

std::string check_of(const json& endpoint) {
  const auto& check = object(endpoint, "check");
  if (check.empty()) {
    return "";
  }
  const json up = check.value("up", json(nullptr));
  const std::string result = up.is_boolean() ? (up.get<bool>() ? "up" : "down") : "unknown";
  const std::string detail = text(check, "detail");
  return result + (detail.empty() ? "" : " (" + detail + ")");
}

void print_endpoints(const json& endpoints, std::ostream& out) {
  out << "Endpoints:" << (endpoints.empty() ? "    <none>\n" : "\n");
  Table table({"  PORT", "ADDRESS", "WORKLOAD", "STATE", "CHECK", "WEIGHT", "TIER", "ACTIVE", "CONNECTIONS", "REASON"});
  for (const auto& endpoint : endpoints) {
    const auto& counters = object(endpoint, "counters");
    const std::string port = text(endpoint, "port");
    const std::string route = text(endpoint, "route");
    table.add({"  " + (port.empty() ? "<unset>" : port) + (route.empty() ? "" : "/" + route), text(endpoint, "address"),
               text(endpoint, "workload"), text(endpoint, "state"), check_of(endpoint), text(endpoint, "weight"),
               text(endpoint, "tier"), text(counters, "active"), text(counters, "connections"),
               text(endpoint, "reason")});
  }
  if (!table.empty()) {
    table.print(out);
  }
}

/// A line for each reason; what the Endpoints say already stands here too, for it is asked as "why not this one?".
void print_candidates(const json& services, std::ostream& out) {
  const json none = json::object();
  const json& service = services.empty() ? none : services.front();
  const json& candidates = array(service, "candidates");
  out << "Candidates:" << (candidates.empty() ? "   <none>\n" : "\n");
  Table table({"  WORKLOAD", "SOURCE", "IN", "WHY"});
  for (const auto& candidate : candidates) {
    const std::string workload = "  " + text(candidate, "workload");
    const std::string source = text(candidate, "source");
    const std::string in = truth(candidate, "in") ? "yes" : "no";
    for (const auto& reason : array(candidate, "reasons")) {
      table.add({workload, source, in, reason.is_string() ? reason.get<std::string>() : ""});
    }
  }
  if (!table.empty()) {
    table.print(out);
  }
  if (const auto left_out = number(service, "leftOut"); left_out > 0) {
    out << "  " << left_out << " more that the selector does not want\n";
  }
}

void print_events(const json& events, std::ostream& out) {
  out << "Events:" << (events.empty() ? "       <none>\n" : "\n");
  Table table({"  TIME", "KIND", "MESSAGE"});
  for (std::size_t i = events.size() - std::min(events.size(), kShownEvents); i < events.size(); ++i) {
    table.add({"  " + text(events[i], "time"), text(events[i], "kind"), text(events[i], "message")});
  }
  if (!table.empty()) {
    table.print(out);
  }
}

}  // namespace

int describe_service(const AdminClient& client, const std::string& ns, const std::string& name,
                     const Terminal& terminal) {
  json lists = json::object();
  for (const char* kind : {"services", "endpoints", "candidates", "events"}) {
    const auto answer = client.get(make_target(std::string("/api/v1/") + kind, {{"namespace", ns}, {"name", name}}));
    if (!answer) {
      return terminal.fail(answer.error().context);
    }
    if (!answer->ok()) {
      return terminal.fail(answer->error());
    }
    lists[kind] = array(answer->body, "items");
  }
  if (lists["services"].empty()) {
    return terminal.fail("service \"" + name + "\" not found in namespace " + ns);
  }
  const json& service = lists["services"].front();
  auto& out = terminal.out;
  line(out, "Name", text(service, "name"));
  line(out, "Namespace", text(service, "namespace"));
  line(out, "Labels", labels_text(object(service, "labels")));
  line(out, "Type", text(service, "type"));
  line(out, "Virtual IPs", joined(service, "clusterIPs", ", "));
  line(out, "Selector", text(service, "selector"));
  line(out, "Affinity", affinity_text(service));
  line(out, "Internal",
       text(service, "internalTrafficPolicy") == "Local" ? "Local: to endpoints of the same node alone"
                                                         : text(service, "internalTrafficPolicy"));
  print_exposure(service, out);
  print_ports(service, out);
  print_routes(service, out);
  if (const std::string others = joined(service, "notServed", ", "); !others.empty()) {
    line(out, "Not served", others + " (only TCP is)");
  }
  out << "Policy:\n";
  for (const auto& policy : policy_lines(object(service, "policy"))) {
    out << "  " << printable(policy) << '\n';
  }
  print_endpoints(lists["endpoints"], out);
  print_candidates(lists["candidates"], out);
  print_events(lists["events"], out);
  return kFine;
}

}  // namespace ringway::daemon
