#include "daemon/access_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "daemon/text.h"

namespace ringway::daemon {

namespace {

/// An id as one word: ours, or what a client's PROXY header said, which may be any bytes; those that are no visible
/// ASCII are written as hexadecimal digits, all of them.
std::string id_text(std::string_view id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (std::ranges::all_of(id, [](char c) { return c > ' ' && c <= '~'; })) {
    return std::string(id);
  }
  std::string hex;
  for (const char c : id) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 0xfU];
  }
  return hex;
}

}  // namespace

std::chrono::system_clock::time_point started_at(const proxy::SessionInfo& session) {
  const proxy::Duration ago = proxy::SteadyClock().now() - session.opened;
  return std::chrono::system_clock::now() - std::chrono::duration_cast<std::chrono::system_clock::duration>(ago);
}

std::string access_text(const proxy::SessionInfo& session, std::chrono::system_clock::time_point started) {
  const auto none = [](const std::string& text) { return text.empty() ? "-" : text; };
  std::string out = "session id=" + none(id_text(session.id));
  out += " started=" + to_rfc3339(started);
  out += " client=" + session.client.to_string();
  out += " vip=" + session.virtual_ip.to_string();
  out += " service=" + session.service.to_string();
  out += " endpoint=" + none(session.endpoint);
  out += " workload=" + none(session.workload);
  out += " up_bytes=" + std::to_string(session.bytes_upstream);
  out += " down_bytes=" + std::to_string(session.bytes_downstream);
  out += " connect_us=" + std::to_string(session.connect_time.count());
  out += " first_byte_us=" + (session.first_byte_time ? std::to_string(session.first_byte_time->count()) : "-");
  out += " duration_ms=" + std::to_string(session.age.count());
  out += " attempts=" + std::to_string(session.attempts);
  out += " cause=" + std::string(to_string(session.cause));
  out += session.server_name.empty() ? "" : " server_name=" + session.server_name;
  return out;
}

nlohmann::json session_fields(const proxy::SessionInfo& session, std::chrono::system_clock::time_point started) {
  nlohmann::json fields = {
      {"id", id_text(session.id)},
      {"startedAt", to_rfc3339(started)},
      {"client", session.client.to_string()},
      {"virtualIP", session.virtual_ip.to_string()},
      {"namespace", session.service.ns},
      {"service", session.service.service},
      {"port", session.service.port},
      {"endpoint", session.endpoint},
      {"workload", session.workload},
      {"connectUs", session.connect_time.count()},
      {"firstByteUs", session.first_byte_time ? nlohmann::json(session.first_byte_time->count()) : nlohmann::json()},
      {"attempts", session.attempts},
      {"bytesUpstream", session.bytes_upstream},
      {"bytesDownstream", session.bytes_downstream}};
  if (!session.service.route.empty()) {
    fields["route"] = session.service.route;
  }
  if (!session.server_name.empty()) {
    fields["serverName"] = session.server_name;
  }
  return fields;
}

nlohmann::json access_json(const proxy::SessionInfo& session, std::chrono::system_clock::time_point started) {
  nlohmann::json fields = session_fields(session, started);
  fields["durationMs"] = session.age.count();
  fields["cause"] = to_string(session.cause);
  return fields;
}

}  // namespace ringway::daemon
