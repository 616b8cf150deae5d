#include "daemon/cli/policy_text.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "daemon/cli/fields.h"

namespace ringway::daemon {

namespace {

using nlohmann::json;

/// Zero means "never" in every duration of a policy.
std::string or_never(const std::string& duration) {
  return duration == "0s" ? "never" : duration;
}

std::string check_text(const json& policy) {
  const json check = policy.value("healthCheck", json(nullptr));
  if (!check.is_object()) {
    return "none, the source's readiness counts";
  }
  std::string out;
  if (const auto http = check.find("http"); http != check.end()) {
    out = "HTTP " + text(*http, "method") + " " + text(*http, "path") + " wants " + text(*http, "expectStatus");
    if (http->contains("expectBody")) {
      out += " and \"" + text(*http, "expectBody") + "\"";
    }
    out += http->contains("port") ? " on port " + text(*http, "port") : "";
  } else if (const auto grpc = check.find("grpc"); grpc != check.end()) {
    const std::string service = text(*grpc, "service");
    out = "gRPC health of " + (service.empty() ? "the server" : service);
    out += grpc->contains("port") ? " on port " + text(*grpc, "port") : "";
  } else {
    const json& tcp = check["tcp"];
    out = "TCP connect" + (tcp.contains("port") ? " to port " + text(tcp, "port") : std::string());
    out += tcp.contains("send") ? ", says " + text(tcp, "send") : "";
    out += tcp.contains("expect") ? ", wants " + text(tcp, "expect") : "";
  }
  return out + ", every " + text(check, "interval") + " (" + text(check, "fastInterval") + " in doubt), timeout " +
         text(check, "timeout") + ", up after " + text(check, "rise") + ", down after " + text(check, "fall");
}

std::string balancer_text(const json& policy) {
  std::string out = text(policy, "balancer");
  if (policy.contains("peakEwma")) {
    out += ", decay " + text(policy["peakEwma"], "decay");
  }
  if (policy.contains("first")) {
    const std::string limit = text(policy["first"], "maxConnections");
    out += limit == "0" ? ", no number fills an endpoint" : ", full at " + limit + " sessions";
  }
  return out;
}

/// Weights, tiers and locality, where something is said of them.
std::vector<std::string> preference_lines(const json& policy) {
  std::vector<std::string> lines;
  std::string weights;
  for (const auto& rule : array(policy, "weights")) {
    weights += text(rule, "weight") + " where " + text(rule, "selector") + "; ";
  }
  if (!weights.empty()) {
    lines.push_back("weights    " + weights + "else ringway.io/weight, else 100");
  }
  std::string tiers;
  for (const auto& tier : array(policy, "tiers")) {
    tiers += text(tier, "selector") + ", then ";
  }
  if (!tiers.empty()) {
    lines.push_back("tiers      " + tiers + "all others");
  }
  const json locality = policy.value("locality", json::object());
  const std::string prefer = text(locality, "prefer");
  if (!prefer.empty() && prefer != "none") {
    lines.push_back("locality   " + prefer + ", farther below a share of " + text(locality, "minHealthy") + " healthy");
  }
  return lines;
}

std::string access_text(const json& access) {
  const auto count = [&access](const char* key) { return array(access, key).size(); };
  const auto networks = [](std::size_t number) {
    return std::to_string(number) + (number == 1 ? " network" : " networks");
  };
  std::string out = count("allow") > 0 ? "only those of " + networks(count("allow")) : "all";
  if (count("deny") > 0) {
    out += ", but those of " + networks(count("deny"));
  }
  return out;
}

/// How it lives with endpoints that fail.
std::vector<std::string> failure_lines(const json& policy) {
  std::vector<std::string> lines;
  const json connect = policy.value("connect", json::object());
  lines.push_back("connect    timeout " + or_never(text(connect, "timeout")) + ", " + text(connect, "attempts") +
                  " attempts, retry budget " + text(connect, "retryBudget") + " of the sessions");
  const json outliers = policy.value("outlierDetection", json(nullptr));
  if (!outliers.is_object()) {
    lines.emplace_back("outliers   not looked for");
  } else {
    const json rate = outliers.value("successRate", json::object());
    lines.push_back("outliers   " + text(outliers, "connectFailures") + " failed connects or " +
                    text(outliers, "earlyResets") + " early resets in a row, or " + text(rate, "deviations") +
                    " deviations below the mean in " + text(outliers, "interval") + ": out for " +
                    text(outliers, "ejection") + " to " + text(outliers, "maxEjection") + ", at most " +
                    text(outliers, "maxEjected") + " of all");
  }
  const std::string slow = text(policy, "slowStart");
  lines.push_back("slow start " + (slow == "0s" ? "none" : slow));
  return lines;
}

std::string source_text(const json& policy) {
  const json source = policy.value("source", json("auto"));
  if (!source.is_object()) {
    return source == "transparent" ? "the client's address" : "the kernel's choice";
  }
  std::string out;
  for (const auto& address : array(source, "addresses")) {
    out += (out.empty() ? "" : ", ") + address.get<std::string>();
  }
  out = out.empty() ? "the kernel's choice" : out;
  return out + (source.contains("ports") ? ", ports " + text(source, "ports") : "");
}

/// Bytes each second, "" where nothing is limited.
std::string bandwidth_text(const json& policy) {
  const json bandwidth = policy.value("bandwidth", json::object());
  std::string out;
  for (const auto& [key, of_whom] : {std::pair("perSession", "of a session"), std::pair("service", "of the Service")}) {
    for (const char* way : {"up", "down"}) {
      const std::string rate = text(bandwidth.value(key, json::object()), way);
      if (!rate.empty() && rate != "0") {
        out += (out.empty() ? "" : ", ") + std::string(of_whom) + " " + rate + " " + way;
      }
    }
  }
  return out.empty() ? out : out + "; bytes a second";
}

std::string or_no_limit(const std::string& number) {
  return number == "0" ? "any number" : number;
}

std::vector<std::string> limit_lines(const json& policy) {
  const json queue = policy.value("queue", json::object());
  const json client = policy.value("perClient", json::object());
  const std::string rate = text(client, "rate");
  const std::string burst = text(client, "burst");
  const std::string waits = text(queue, "maxConnections");
  return {
      "limits     sessions: " + or_no_limit(text(policy, "maxConnections")) + " of a port, " +
          or_no_limit(text(policy, "maxConnectionsPerEndpoint")) + " of an endpoint; " +
          (waits == "0" ? "none waits" : waits + " may wait, for " + text(queue, "timeout")),
      "per client " + or_no_limit(text(client, "maxConnections")) + " of sessions, " +
          (rate == "0" ? "at any rate" : rate + " new ones a second, " + (burst == "0" ? rate : burst) + " at once") +
          "; IPv6 by /" + text(client, "ipv6Prefix")};
}

std::string drain_text(const json& drain) {
  const std::string timeout = text(drain, "timeout");
  const std::string end = text(drain, "onEnd");
  if (timeout == "0s") {
    return "never ends";
  }
  return timeout + ", then " + (end == "reset" ? "RST" : end == "keep" ? "what is left is kept" : "FIN");
}

std::string sni_text(const json& sni) {
  const std::size_t routes = array(sni, "routes").size();
  return std::to_string(routes) + (routes == 1 ? " route" : " routes") + " of port " + text(sni, "port") +
         ", name awaited for " + text(sni, "timeout") + ", others " +
         (text(sni, "unmatched") == "reject" ? "get RST" : "go to the Service's own endpoints");
}

}  // namespace

std::vector<std::string> policy_lines(const json& policy) {
  const json drain = policy.value("drain", json::object());
  std::vector<std::string> lines = preference_lines(policy);
  lines.insert(lines.begin(), "balancer   " + balancer_text(policy));
  lines.push_back("check      " + check_text(policy));
  std::ranges::move(failure_lines(policy), std::back_inserter(lines));
  lines.push_back("idle       " + or_never(text(policy, "idleTimeout")));
  lines.push_back("max age    " + or_never(text(policy, "maxConnectionAge")));
  std::ranges::move(limit_lines(policy), std::back_inserter(lines));
  lines.push_back("clients    " + access_text(policy.value("access", json::object())));
  if (const auto proxied = policy.find("proxyProtocol"); proxied != policy.end()) {
    lines.push_back("PROXY      sends " + text(*proxied, "send") + ", reads it of " +
                    std::to_string(array(*proxied, "trustedSources").size()) + " networks within " +
                    text(*proxied, "timeout"));
  }
  if (const std::string bandwidth = bandwidth_text(policy); !bandwidth.empty()) {
    lines.push_back("bandwidth  " + bandwidth);
  }
  lines.push_back("source     " + source_text(policy));
  if (const auto sni = policy.find("sni"); sni != policy.end()) {
    lines.push_back("SNI        " + sni_text(*sni));
  }
  lines.push_back("drain      " + drain_text(drain) +
                  ", sessions of a down endpoint: " + (text(policy, "onDown") == "closeSessions" ? "closed" : "kept"));
  return lines;
}

}  // namespace ringway::daemon
