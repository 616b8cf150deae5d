#include "daemon/admin/views.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "daemon/access_log.h"
#include "daemon/admin/config_json.h"
#include "daemon/text.h"
#include "discovery/service_index.h"

namespace ringway::daemon {

namespace {

using nlohmann::json;

template <std::size_t N, typename Count, typename Name>
json nonzero(const std::array<Count, N>& counts, Name name) {
  json out = json::object();
  for (std::size_t i = 0; i < N; ++i) {
    if (const auto count = static_cast<std::uint64_t>(counts[i]); count > 0) {
      out[std::string(name(i))] = count;
    }
  }
  return out;
}

json counters_json(const proxy::ServiceStats& stats) {
  std::uint64_t connections = 0;
  std::uint64_t active = 0;
  std::uint64_t up = 0;
  std::uint64_t down = 0;
  std::uint64_t retries = 0;
  std::uint64_t waits = 0;
  std::array<std::uint64_t, proxy::kCauseCount> ended{};
  for (const auto& worker : stats.all()) {
    connections += worker.connections.get();
    active += worker.active.get();
    up += worker.bytes_upstream.get();
    down += worker.bytes_downstream.get();
    retries += worker.retries.get();
    waits += worker.bandwidth_waits[0].get() + worker.bandwidth_waits[1].get();
    for (std::size_t i = 0; i < ended.size(); ++i) {
      ended[i] += worker.ended[i].get();
    }
  }
  return {{"connections", connections},
          {"active", active},
          {"bytesUpstream", up},
          {"bytesDownstream", down},
          {"connectRetries", retries},
          {"bandwidthWaits", waits},
          {"ended", nonzero(ended, [](std::size_t i) { return to_string(static_cast<proxy::Cause>(i)); })}};
}

json frontend_json(const discovery::FrontendView& view) {
  json listen = json::array();
  for (const auto& address : view.running->listen) {
    listen.push_back(address.to_string());
  }
  return {{"side", to_string(view.frontend.side)},
          {"family", to_string(view.frontend.family)},
          {"trafficPolicy", view.frontend.local ? "Local" : "Cluster"},
          {"listen", std::move(listen)},
          {"endpoints", view.running->endpoints.size()},
          {"answer", to_string(view.answer)}};
}

json route_json(const discovery::RouteView& route) {
  const auto count = [&route] {
    return route.running && route.running->route ? route.running->route->sessions.load(std::memory_order_relaxed) : 0;
  };
  return {{"name", route.name},
          {"names", route.service->policy.sni->routes.front().names},
          {"selector", route.service->selector->to_string()},
          {"panic", route.running && route.running->panic},
          {"tier", route.tier + 1},
          {"endpoints", {{"usable", route.usable}, {"total", route.total}}},
          {"counters", {{"sessions", count()}}}};
}

/// The routes of a port, and how many sessions took none of them.
void add_routes(const discovery::ServicePortView& view, json& out) {
  if (view.running == nullptr || view.running->sni == nullptr) {
    return;
  }
  out["routes"] = json::array();
  for (const auto& route : view.routes) {
    out["routes"].push_back(route_json(route));
  }
  if (view.running->sni->stats != nullptr) {
    out["counters"]["unrouted"] = nonzero(view.running->sni->stats->missed,
                                          [](std::size_t i) { return to_string(static_cast<proxy::SniMiss>(i)); });
  }
}

json port_view_json(const discovery::ServicePortView& view) {
  json out = json::object();
  if (view.configured != nullptr) {
    out["name"] = view.configured->name;
    out["port"] = view.configured->port;
    out["protocol"] = to_string(view.configured->protocol);
    out["targetPort"] = target_port_json(*view.configured);
    out["nodePort"] = view.configured->node_port;
  }
  out["listen"] = json::array();
  out["panic"] = false;
  out["tier"] = view.tier + 1;
  out["reach"] = {{"wanted", to_string(view.wanted)}, {"now", to_string(view.reach)}};
  out["frontends"] = json::array();
  for (const auto& frontend : view.frontends) {
    if (frontend.running) {
      out["frontends"].push_back(frontend_json(frontend));
      const json& listen = out["frontends"].back()["listen"];
      out["listen"].insert(out["listen"].end(), listen.begin(), listen.end());
      out["panic"] = out["panic"].get<bool>() || frontend.running->panic;
    }
  }
  if (view.running && view.running->stats) {
    out["counters"] = counters_json(*view.running->stats);
  }
  std::size_t usable = 0;
  std::size_t reserve = 0;
  std::size_t draining = 0;
  for (const auto& endpoint : view.endpoints) {
    usable += endpoint.usable ? 1 : 0;
    reserve += endpoint.in_reserve ? 1 : 0;
    draining += endpoint.condition == discovery::EndpointCondition::kDraining ? 1 : 0;
  }
  out["endpoints"] = {
      {"usable", usable}, {"reserve", reserve}, {"total", view.endpoints.size() - draining}, {"draining", draining}};
  add_routes(view, out);
  return out;
}

json check_json(const discovery::HealthChecker::Subscription* check) {
  if (check == nullptr) {
    return nullptr;
  }
  const auto& health = check->health();
  return {{"up", health.up ? json(*health.up) : json(nullptr)}, {"detail", health.detail}};
}

/// A workload that has no address yet stands there with its port alone: nothing is there to show.
std::string address_text(const proxy::SocketAddress& address) {
  return address.ip() == proxy::IpAddress() ? "" : address.to_string();
}

json endpoint_json(const discovery::EndpointView& view) {
  const auto& state = *view.state;
  json out = {{"namespace", state.service().ns},
              {"service", state.service().service},
              {"port", state.service().port},
              {"protocol", proxy::to_string(state.service().protocol)},
              {"address", address_text(state.address)},
              {"workload", state.workload},
              {"source", view.source},
              {"node", view.node},
              {"zone", view.zone},
              {"weight", view.weight},
              {"tier", view.tier + 1},
              {"inReserve", view.in_reserve},
              {"state", to_string(view.condition)},
              {"reason", view.reason},
              {"usable", view.usable},
              {"check", check_json(view.check)}};
  if (!state.service().route.empty()) {
    out["route"] = state.service().route;
  }
  json counters = {{"active", state.active.load(std::memory_order_relaxed)},
                   {"connections", state.connections.load(std::memory_order_relaxed)},
                   {"connectFailures", nonzero(state.connect_failures, [](std::size_t i) {
                      return to_string(static_cast<proxy::ConnectFailure>(i));
                    })}};
  if (const double latency = state.latency.latest(); latency > 0) {
    counters["latencyUs"] = static_cast<std::uint64_t>(latency);
  }
  if (view.check != nullptr) {
    counters["checksSucceeded"] = view.check->successes();
    counters["checksFailed"] = view.check->failures();
  }
  out["counters"] = std::move(counters);
  return out;
}

json workload_json(const discovery::Workload& workload) {
  json addresses = json::array();
  for (const auto& address : workload.addresses) {
    addresses.push_back(address.to_string());
  }
  json ports = json::array();
  for (const auto& [name, port] : workload.ports) {
    ports.push_back({{"name", name}, {"port", port.number}, {"protocol", port.udp ? "UDP" : "TCP"}});
  }
  return {{"namespace", workload.ns},  {"name", workload.name},
          {"source", workload.source}, {"id", workload.id},
          {"addresses", addresses},    {"ports", ports},
          {"labels", workload.labels}, {"ready", workload.ready},
          {"reason", workload.reason}, {"terminating", workload.terminating},
          {"note", workload.note},     {"node", workload.node},
          {"zone", workload.zone}};
}

json session_json(const proxy::SessionInfo& session) {
  json fields = session_fields(session, started_at(session));
  fields["state"] = session.state;
  fields["ageMs"] = session.age.count();
  return fields;
}

bool matches(const Filter& filter, const config::Service& service) {
  return filter.matches(service.metadata.ns, service.metadata.name, service.metadata.labels);
}

}  // namespace

json services_json(const std::vector<discovery::ServiceView>& services, const Filter& filter) {
  json out = json::array();
  for (const auto& view : services) {
    if (!matches(filter, *view.service)) {
      continue;
    }
    json entry = service_json(*view.service);
    if (!view.ports.empty()) {
      entry["ports"] = json::array();
    }
    for (const auto& port : view.ports) {
      entry["ports"].push_back(port_view_json(port));
    }
    out.push_back(std::move(entry));
  }
  return out;
}

json endpoints_json(const std::vector<discovery::ServiceView>& services, const Filter& filter) {
  json out = json::array();
  for (const auto& view : services) {
    if (!matches(filter, *view.service)) {
      continue;
    }
    for (const auto& port : view.ports) {
      for (const auto& endpoint : port.endpoints) {
        out.push_back(endpoint_json(endpoint));
      }
    }
  }
  return out;
}

json workloads_json(const Board::Workloads& workloads, const std::vector<discovery::ServiceView>& services,
                    const Filter& filter) {
  std::vector<const config::Service*> all;
  all.reserve(services.size());
  for (const auto& view : services) {
    if (view.service != nullptr && !view.ports.empty()) {
      all.push_back(view.service);
    }
    for (const auto& port : view.ports) {
      std::ranges::transform(port.routes, std::back_inserter(all), &discovery::RouteView::service);
    }
  }
  const discovery::ServiceIndex index(all);
  json out = json::array();
  for (const auto& [key, workload] : workloads) {
    if (filter.matches(workload.ns.empty() ? filter.ns : workload.ns, workload.name, workload.labels)) {
      json entry = workload_json(workload);
      std::set<std::string> names;
      for (const std::size_t position : index.matching(workload)) {
        names.insert(all[position]->metadata.ns + "/" + all[position]->metadata.name);
      }
      entry["services"] = std::move(names);
      out.push_back(std::move(entry));
    }
  }
  return out;
}

json sessions_json(const std::vector<proxy::SessionInfo>& sessions, const Filter& filter) {
  json out = json::array();
  for (const auto& session : sessions) {
    if ((filter.ns.empty() || filter.ns == session.service.ns) &&
        (filter.name.empty() || filter.name == session.service.service)) {
      out.push_back(session_json(session));
    }
  }
  return out;
}

json events_json(const EventLog& events, const Filter& filter, std::uint64_t after) {
  json out = json::array();
  for (const auto& event : events.all()) {
    if (event.sequence <= after || (!filter.ns.empty() && !event.ns.empty() && filter.ns != event.ns) ||
        (!filter.name.empty() && filter.name != event.service)) {
      continue;
    }
    out.push_back({{"sequence", event.sequence},
                   {"time", to_rfc3339(event.time)},
                   {"kind", event.kind},
                   {"object", event.object},
                   {"namespace", event.ns},
                   {"service", event.service},
                   {"message", event.message}});
  }
  return out;
}

}  // namespace ringway::daemon
