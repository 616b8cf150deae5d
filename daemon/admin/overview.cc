#include "daemon/admin/overview.h"

#include "daemon/admin/ready.h"
#include "daemon/version.h"

namespace ringway::daemon {

namespace {

constexpr char kHead[] =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Ringway</title><style>"
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .75rem .25rem 0;"
    "border-bottom:1px solid #ddd}pre{background:#f4f4f4;padding:.75rem}.bad{color:#a00}"
    "@media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}pre{background:#222}"
    "td,th{border-color:#333}.bad{color:#f77}}</style></head><body>";

/// The most rows that the page shows; the API has them all.
constexpr std::size_t kMaxRows = 2'000;

void row(std::string& out, const discovery::EndpointView& endpoint, const std::string& service) {
  const bool fine = endpoint.condition == discovery::EndpointCondition::kReady;
  out += "<tr><td>" + html_escape(service) + "</td><td>" + html_escape(endpoint.state->address.to_string()) +
         "</td><td>" + html_escape(endpoint.state->workload) + "</td><td" + (fine ? "" : " class=\"bad\"") + ">" +
         html_escape(discovery::to_string(endpoint.condition)) + "</td><td>" +
         std::to_string(endpoint.state->active.load(std::memory_order_relaxed)) + "</td><td>" +
         html_escape(endpoint.reason) + "</td></tr>";
}

}  // namespace

std::string html_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string overview_html(const Board& board, const DataPathReport& path) {
  std::string out = kHead;
  out += "<h1>Ringway " + html_escape(version()) + "</h1><p>Node " + html_escape(board.configuration().ringway.node) +
         ", " + std::to_string(board.data_plane().worker_count()) + " workers on " +
         html_escape(to_string(board.data_plane().engine().engine)) +
         ". <a href=\"/metrics\">metrics</a> <a href=\"/readyz?verbose\">readiness</a> "
         "<a href=\"/api/v1/services\">services</a> <a href=\"/api/v1/events\">events</a></p>";
  out += "<pre>" + html_escape(readiness(board, path).text) + "</pre>";
  out +=
      "<table><tr><th>Service</th><th>Endpoint</th><th>Workload</th><th>State</th><th>Active</th><th>Reason</th></tr>";
  std::size_t rows = 0;
  for (const auto& service : board.services()) {
    for (const auto& port : service.ports) {
      const std::string name = port.running ? port.running->key.to_string() : service.service->metadata.name;
      if (port.endpoints.empty() && ++rows <= kMaxRows) {
        out += "<tr><td>" + html_escape(name) + "</td><td class=\"bad\" colspan=\"5\">no endpoints</td></tr>";
      }
      for (const auto& endpoint : port.endpoints) {
        if (++rows <= kMaxRows) {
          row(out, endpoint, name);
        }
      }
    }
  }
  out += "</table>";
  if (rows > kMaxRows) {
    out += "<p>" + std::to_string(rows - kMaxRows) + " more rows: see <code>ringway get endpoints -A</code>.</p>";
  }
  return out + "</body></html>\n";
}

}  // namespace ringway::daemon
