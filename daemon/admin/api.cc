#include "daemon/admin/api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "daemon/admin/candidates_json.h"
#include "daemon/admin/config_json.h"
#include "daemon/admin/metrics.h"
#include "daemon/admin/overview.h"
#include "daemon/admin/ready.h"
#include "daemon/admin/stream.h"
#include "daemon/admin/views.h"
#include "daemon/text.h"
#include "daemon/version.h"

namespace ringway::daemon {

namespace {

using nlohmann::json;

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kHtml[] = "text/html; charset=utf-8";
constexpr std::string_view kPrefix = "/api/v1/";

Response json_response(unsigned status, const json& body) {
  Response response;
  response.status = status;
  response.body = to_line(body) + "\n";
  return response;
}

Response error(unsigned status, const std::string& what) {
  return json_response(status, {{"error", what}});
}

Response text_response(unsigned status, const char* type, std::string body) {
  Response response;
  response.status = status;
  response.content_type = type;
  response.body = std::move(body);
  return response;
}

/// The filter of a request for something without labels.
std::expected<Filter, std::string> unlabelled(const Request& request) {
  if (request.query.contains("labelSelector")) {
    return std::unexpected("labelSelector: sessions and events have no labels, allowed: namespace, name");
  }
  return Filter::from(request.query);
}

std::expected<std::size_t, std::string> session_limit(const Request& request) {
  const auto text = request.query.find("limit");
  if (text == request.query.end()) {
    return Api::kDefaultSessions;
  }
  std::size_t limit = 0;
  const char* end = text->second.data() + text->second.size();
  const auto [stopped, failed] = std::from_chars(text->second.data(), end, limit);
  if (failed != std::errc() || stopped != end || limit == 0 || limit > Api::kMaxSessions) {
    return std::unexpected("limit \"" + text->second + "\": allowed: 1 to " + std::to_string(Api::kMaxSessions));
  }
  return limit;
}

}  // namespace

Api::Route Api::route(const Request& request, std::string& allowed) {
  struct Entry {
    std::string_view method;
    std::string_view path;
    Route route;
  };
  static constexpr std::array<Entry, 16> kRoutes = {{
      {"GET", "/", &Api::get_overview},
      {"GET", "/livez", &Api::get_livez},
      {"GET", "/readyz", &Api::get_readyz},
      {"GET", "/metrics", &Api::get_metrics},
      {"GET", "/api/v1/services", &Api::get_list},
      {"GET", "/api/v1/endpoints", &Api::get_list},
      {"GET", "/api/v1/workloads", &Api::get_list},
      {"GET", "/api/v1/events", &Api::get_list},
      {"GET", "/api/v1/candidates", &Api::get_candidates},
      {"GET", "/api/v1/sessions", &Api::get_sessions},
      {"GET", "/api/v1/config", &Api::get_config},
      {"GET", "/api/v1/version", &Api::get_version},
      {"GET", "/api/v1/stream", &Api::get_stream},
      {"POST", "/api/v1/reload", &Api::post_reload},
      {"POST", "/api/v1/drain", &Api::post_drain},
      {"POST", "/api/v1/undrain", &Api::post_drain},
  }};
  const auto* found = std::ranges::find(kRoutes, request.path, &Entry::path);
  if (found == kRoutes.end()) {
    return nullptr;
  }
  allowed = found->method == "GET" ? "GET, HEAD" : "POST";
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  return found->method == method ? found->route : nullptr;
}

void Api::handle(const Request& request, Reply reply) {
  std::string allowed;
  if (const Route found = route(request, allowed)) {
    (this->*found)(request, reply);
    return;
  }
  if (allowed.empty()) {
    reply(error(404, "no such path: " + request.path));
    return;
  }
  Response refused = error(405, request.method + " is not allowed on " + request.path + ", allowed: " + allowed);
  refused.allow = allowed;
  reply(std::move(refused));
}

void Api::get_livez(const Request&, const Reply& reply) {
  reply(text_response(200, kText, "ok"));
}

void Api::get_readyz(const Request& request, const Reply& reply) {
  board_.check_data_path([this, reply, asked = request.query.contains("verbose")](const DataPathReport& path) {
    const Readiness state = readiness(board_, path);
    reply(text_response(state.ready ? 200 : 503, kText, asked || !state.ready ? state.text : "ok"));
  });
}

void Api::get_metrics(const Request&, const Reply& reply) {
  Response response;
  response.content_type = kMetricsContentType;
  response.pieces = make_metrics(board_);
  reply(std::move(response));
}

void Api::get_overview(const Request&, const Reply& reply) {
  board_.check_data_path(
      [this, reply](const DataPathReport& path) { reply(text_response(200, kHtml, overview_html(board_, path))); });
}

void Api::get_list(const Request& request, const Reply& reply) {
  const std::string_view kind = std::string_view(request.path).substr(kPrefix.size());
  const auto filter = kind == "events" ? unlabelled(request) : Filter::from(request.query);
  if (!filter) {
    reply(error(400, filter.error()));
    return;
  }
  json items;
  if (kind == "services") {
    items = services_json(board_.services(), *filter);
  } else if (kind == "endpoints") {
    items = endpoints_json(board_.services(), *filter);
  } else if (kind == "workloads") {
    items = workloads_json(board_.workloads(), board_.services(), *filter);
  } else {
    items = events_json(board_.events(), *filter, 0);
  }
  reply(json_response(200, {{"items", std::move(items)}}));
}

void Api::get_candidates(const Request& request, const Reply& reply) {
  const auto filter = Filter::from(request.query);
  if (!filter || filter->name.empty()) {
    reply(error(400, filter ? "name: of which Service? Each costs a look at all workloads" : filter.error()));
    return;
  }
  reply(json_response(200, {{"items", candidates_json(board_.services(), board_.workloads(), *filter)}}));
}

void Api::get_sessions(const Request& request, const Reply& reply) {
  const auto filter = unlabelled(request);
  const auto limit = session_limit(request);
  if (!filter || !limit) {
    reply(error(400, filter ? limit.error() : filter.error()));
    return;
  }
  board_.list_sessions(*limit + 1, [reply, filter = *filter, limit = *limit](std::vector<proxy::SessionInfo> sessions) {
    const bool truncated = sessions.size() > limit;
    sessions.resize(std::min(sessions.size(), limit));
    reply(json_response(200, {{"items", sessions_json(sessions, filter)}, {"truncated", truncated}}));
  });
}

void Api::get_config(const Request&, const Reply& reply) {
  json out = configuration_json(board_.configuration());
  out["valid"] = board_.tallies().config_valid;
  reply(json_response(200, out));
}

void Api::get_version(const Request&, const Reply& reply) {
  const auto engine = board_.data_plane().engine();
  const auto steering = board_.data_plane().steering();
  reply(json_response(200, {{"version", version()},
                            {"kernel", kernel()},
                            {"engine", to_string(engine.engine)},
                            {"engineReason", engine.why},
                            {"steering", steering.active},
                            {"steeringReason", steering.why},
                            {"workers", board_.data_plane().worker_count()},
                            {"startedAt", to_rfc3339(board_.tallies().started)},
                            {"features", features()}}));
}

void Api::get_stream(const Request& request, const Reply& reply) {
  const auto filter = Filter::from(request.query);
  if (!filter) {
    reply(error(400, filter.error()));
    return;
  }
  Response response;
  response.content_type = "text/event-stream";
  response.stream = make_board_stream(board_, *filter);
  reply(std::move(response));
}

void Api::post_reload(const Request& request, const Reply& reply) {
  if (!request.trusted) {
    reply(error(403, "a change needs the header X-Ringway: 1"));
    return;
  }
  const ReloadReport report = board_.reload();
  const bool refused = report.result == ReloadReport::Result::kRefused;
  json body = {{"result", to_string(report.result)}, {"changes", report.changes}, {"mistakes", report.mistakes}};
  if (refused) {
    body["error"] = "the configuration was refused, what ran before still runs";
  }
  reply(json_response(refused ? 422 : 200, body));
}

void Api::post_drain(const Request& request, const Reply& reply) {
  if (!request.trusted) {
    reply(error(403, "a change needs the header X-Ringway: 1"));
    return;
  }
  const json body = json::parse(request.body, nullptr, false);
  const bool drained = request.path == "/api/v1/drain";
  const json persist = body.is_object() ? body.value("persist", json(false)) : json();
  if (!body.is_object() || !body.contains("endpoint") || !body["endpoint"].is_string() ||
      body["endpoint"].get_ref<const std::string&>().empty() || !persist.is_boolean()) {
    reply(
        error(400, R"(the body must be {"endpoint": "ADDRESS:PORT, NAME or NAMESPACE/NAME", "persist": true|false})"));
    return;
  }
  const auto& endpoint = body["endpoint"].get_ref<const std::string&>();
  const auto lifetime =
      persist.get<bool>() ? discovery::DrainLifetime::kPersisted : discovery::DrainLifetime::kUntilRestart;
  const auto count = drained ? board_.drain(endpoint, lifetime) : board_.undrain(endpoint);
  if (!count) {
    reply(error(500, count.error()));
  } else if (*count == 0) {
    reply(error(404, "no endpoint \"" + endpoint + "\""));
  } else {
    reply(json_response(
        200, {{"endpoint", endpoint}, {"drained", drained}, {"persist", drained && persist}, {"count", *count}}));
  }
}

}  // namespace ringway::daemon
