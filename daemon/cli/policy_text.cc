#include "daemon/cli/policy_text.h"

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
  } else {
    out = "TCP connect" + (check["tcp"].contains("port") ? " to port " + text(check["tcp"], "port") : std::string());
  }
  return out + ", every " + text(check, "interval") + " (" + text(check, "fastInterval") + " in doubt), timeout " +
         text(check, "timeout") + ", up after " + text(check, "rise") + ", down after " + text(check, "fall");
}

}  // namespace

std::vector<std::string> policy_lines(const json& policy) {
  const json connect = policy.value("connect", json::object());
  const std::string drain_timeout = text(policy.value("drain", json::object()), "timeout");
  return {"balancer   " + text(policy, "balancer"), "check      " + check_text(policy),
          "connect    timeout " + or_never(text(connect, "timeout")) + ", " + text(connect, "attempts") + " attempts",
          "idle       " + or_never(text(policy, "idleTimeout")),
          "drain      " + or_never(drain_timeout) +
              ", sessions of a down endpoint: " + (text(policy, "onDown") == "closeSessions" ? "closed" : "kept")};
}

}  // namespace ringway::daemon
