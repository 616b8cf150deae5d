#include "daemon/access_log.h"

#include <nlohmann/json.hpp>

namespace ringway::daemon {

std::string access_text(const proxy::SessionInfo& session) {
  const auto none = [](const std::string& text) { return text.empty() ? "-" : text; };
  std::string out = "session client=" + session.client.to_string();
  out += " vip=" + session.virtual_ip.to_string();
  out += " service=" + session.service.to_string();
  out += " endpoint=" + none(session.endpoint);
  out += " workload=" + none(session.workload);
  out += " up_bytes=" + std::to_string(session.bytes_upstream);
  out += " down_bytes=" + std::to_string(session.bytes_downstream);
  out += " connect_us=" + std::to_string(session.connect_time.count());
  out += " duration_ms=" + std::to_string(session.age.count());
  out += " attempts=" + std::to_string(session.attempts);
  out += " cause=" + std::string(to_string(session.cause));
  return out;
}

nlohmann::json session_fields(const proxy::SessionInfo& session) {
  return {{"client", session.client.to_string()},
          {"virtualIP", session.virtual_ip.to_string()},
          {"namespace", session.service.ns},
          {"service", session.service.service},
          {"port", session.service.port},
          {"endpoint", session.endpoint},
          {"workload", session.workload},
          {"connectUs", session.connect_time.count()},
          {"attempts", session.attempts},
          {"bytesUpstream", session.bytes_upstream},
          {"bytesDownstream", session.bytes_downstream}};
}

nlohmann::json access_json(const proxy::SessionInfo& session) {
  nlohmann::json fields = session_fields(session);
  fields["durationMs"] = session.age.count();
  fields["cause"] = to_string(session.cause);
  return fields;
}

}  // namespace ringway::daemon
