#include "daemon/admin/service_metrics.h"

#include <algorithm>
#include <array>
#include <set>

#include "daemon/admin/families.h"

namespace ringway::daemon {

namespace {

using discovery::EndpointCondition;
using proxy::Cause;

constexpr std::array kConditions = {
    EndpointCondition::kReady,   EndpointCondition::kNotReady, EndpointCondition::kUnknown, EndpointCondition::kDown,
    EndpointCondition::kEjected, EndpointCondition::kDrained,  EndpointCondition::kDraining};

MetricLabels with(MetricLabels labels, std::string name, std::string value) {
  labels.push_back({std::move(name), std::move(value)});
  return labels;
}

MetricLabels labels_of(const proxy::ServiceKey& key) {
  return {{"namespace", key.ns},
          {"service", key.service},
          {"port", key.port},
          {"protocol", std::string(proxy::to_string(key.protocol))}};
}

/// Counters of one endpoint's failures and of one cause begin when there is something to count: most never do, and with
/// many endpoints they would be most of the text.
class Collector {
 public:
  void add(const discovery::ServicePortView& view);
  std::vector<prometheus::MetricFamily> take() &&;

 private:
  void add_clients(const proxy::ServicePort& port);
  void add_frontends(const MetricLabels& labels, const discovery::ServicePortView& view);
  void add_traffic(const MetricLabels& labels, const proxy::ServiceStats& stats);
  void add_endpoint(const MetricLabels& labels, const discovery::EndpointView& view);
  void add_routes(const MetricLabels& labels, const discovery::ServicePortView& view);

  std::set<const void*> tables_;  ///< those that were added
  Family connections_ = counters("ringway_connections_total", "Connections accepted from clients.");
  Family active_ = gauges("ringway_connections_active", "Sessions now, those still connecting included.");
  Family bytes_ = counters("ringway_bytes_total", "Bytes relayed: upstream = to endpoints, downstream = to clients.");
  Family connect_ = histograms("ringway_connect_seconds", "Time to connect to an endpoint.");
  Family failures_ = counters("ringway_connect_failures_total", "Failed attempts to connect to an endpoint.");
  Family queued_ = gauges("ringway_connections_queued", "Sessions that wait now for one of others to end.");
  Family retries_ = counters("ringway_connect_retries_total", "Attempts to connect after a session's first.");
  Family unpaid_ =
      counters("ringway_retry_budget_exhausted_total", "Sessions that the retry budget denied another attempt.");
  Family rejected_ = counters("ringway_rejected_total", "Sessions that ended without having reached an endpoint.");
  Family ended_ = counters("ringway_sessions_ended_total", "Sessions that ended, by cause.");
  Family panic_ = gauges("ringway_panic", "Whether all endpoints are unhealthy and the ready ones are used anyway.");
  Family endpoints_ = gauges("ringway_endpoints", "Endpoints by state.");
  Family no_local_ =
      gauges("ringway_no_local_endpoints",
             "Whether a traffic policy Local leaves no endpoint though there are some: clients are dropped.");
  Family tier_ = gauges("ringway_tier", "The tier of endpoints that takes new sessions; 1 is the first.");
  Family spilled_ = gauges("ringway_locality_spilled",
                           "Whether sessions go farther than preferred, for too few near endpoints are healthy.");
  Family up_ = gauges("ringway_endpoint_up", "Whether the endpoint is ready and, where checked, up.");
  Family picked_ = counters("ringway_endpoint_connections_total", "Sessions that were connected to the endpoint.");
  Family held_ = gauges("ringway_endpoint_connections_active", "Sessions of the endpoint now, over all workers.");
  Family weight_ = gauges("ringway_endpoint_weight", "The endpoint's weight; 0 takes no new sessions.");
  Family latency_ = gauges("ringway_endpoint_latency_seconds",
                           "Peak-sensitive average of connect time and time to first byte (peakEwma).");
  Family affinity_clients_ = gauges("ringway_affinity_clients", "Clients that session affinity remembers.");
  Family affinity_evictions_ = counters("ringway_affinity_evictions_total",
                                        "Clients that session affinity forgot before their time, for want of room.");
  Family ejections_ = counters("ringway_ejections_total", "Times that an endpoint was ejected as an outlier.");
  Family limited_clients_ =
      gauges("ringway_limited_clients", "Client addresses with sessions, where policy.perClient counts them.");
  Family untracked_ = counters("ringway_limited_clients_untracked_total",
                               "Sessions that policy.perClient let in without a look, for want of room.");
  Family waits_ = counters("ringway_bandwidth_waits_total", "Times that a session paused for policy.bandwidth.");
  Family unmatched_ = counters(
      "ringway_source_unmatched_total",
      "Attempts from an address of the kernel's choice, for want of one of policy.source of the endpoint's family.");
  Family routed_ = counters("ringway_sni_sessions_total", "Sessions that took the route, by the server name.");
  Family unrouted_ = counters("ringway_sni_unrouted_total", "Sessions of a port with routes that took none, and why.");
  Family checks_ = counters("ringway_health_checks_total", "Active health checks that ended.");
};

void Collector::add(const discovery::ServicePortView& view) {
  if (!view.running) {
    return;
  }
  const MetricLabels labels = labels_of(view.running->key);
  if (view.running->stats) {
    add_traffic(labels, *view.running->stats);
  }
  const auto panics = [](const discovery::FrontendView& one) { return one.running && one.running->panic; };
  panic_.gauge(labels, std::ranges::any_of(view.frontends, panics) ? 1 : 0);
  add_frontends(labels, view);
  tier_.gauge(labels, static_cast<double>(view.tier + 1));
  spilled_.gauge(labels, view.reach < view.wanted ? 1 : 0);
  add_clients(*view.running);
  add_routes(labels, view);
  std::array<std::uint32_t, kConditions.size()> by_condition{};
  for (const auto& endpoint : view.endpoints) {
    ++by_condition.at(static_cast<std::size_t>(endpoint.condition));
    add_endpoint(labels, endpoint);
  }
  for (const auto condition : kConditions) {
    endpoints_.gauge(with(labels, "state", std::string(discovery::to_string(condition))),
                     by_condition.at(static_cast<std::size_t>(condition)));
  }
}

void Collector::add_frontends(const MetricLabels& labels, const discovery::ServicePortView& view) {
  for (const auto& [frontend, running, answer] : view.frontends) {
    if (frontend.local && running) {
      const std::string_view family = discovery::to_string(frontend.family);
      const auto of_side = with(labels, "side", std::string(discovery::to_string(frontend.side)));
      no_local_.gauge(with(of_side, "family", std::string(family)), answer == proxy::Answer::kDrops ? 1 : 0);
    }
  }
}

/// One table serves all ports of a Service.
void Collector::add_clients(const proxy::ServicePort& port) {
  const MetricLabels labels = {{"namespace", port.key.ns}, {"service", port.key.service}};
  if (port.affinity != nullptr && tables_.insert(port.affinity.get()).second) {
    const auto clients = port.affinity->clients(proxy::SteadyClock().now(), port.policy.affinity_timeout);
    affinity_clients_.gauge(labels, static_cast<double>(clients));
    affinity_evictions_.counter(labels, static_cast<double>(port.affinity->evictions()));
  }
  if (port.clients != nullptr && tables_.insert(port.clients.get()).second) {
    limited_clients_.gauge(labels, static_cast<double>(port.clients->clients()));
    untracked_.counter(labels, static_cast<double>(port.clients->untracked()));
  }
}

void Collector::add_traffic(const MetricLabels& labels, const proxy::ServiceStats& stats) {
  std::uint64_t connections = 0;
  std::uint64_t active = 0;
  std::uint64_t upstream = 0;
  std::uint64_t downstream = 0;
  std::uint64_t retries = 0;
  std::uint64_t unpaid = 0;
  std::uint64_t queued = 0;
  std::uint64_t unmatched = 0;
  std::array<std::uint64_t, 2> waits{};
  std::uint64_t connect_us = 0;
  std::array<std::uint64_t, proxy::kCauseCount> ended{};
  std::array<std::uint64_t, proxy::kConnectBucketBounds_us.size() + 1> buckets{};
  for (const auto& worker : stats.all()) {
    connections += worker.connections.get();
    active += worker.active.get();
    upstream += worker.bytes_upstream.get();
    downstream += worker.bytes_downstream.get();
    retries += worker.retries.get();
    unpaid += worker.retries_unpaid.get();
    queued += worker.queued.get();
    unmatched += worker.source_unmatched.get();
    waits[0] += worker.bandwidth_waits[0].get();
    waits[1] += worker.bandwidth_waits[1].get();
    connect_us += worker.connect_total_us.get();
    for (std::size_t i = 0; i < ended.size(); ++i) {
      ended[i] += worker.ended[i].get();
    }
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      buckets[i] += worker.connect_buckets[i].get();
    }
  }
  connections_.counter(labels, static_cast<double>(connections));
  active_.gauge(labels, static_cast<double>(active));
  bytes_.counter(with(labels, "direction", "upstream"), static_cast<double>(upstream));
  bytes_.counter(with(labels, "direction", "downstream"), static_cast<double>(downstream));
  connect_.histogram_us(labels, proxy::kConnectBucketBounds_us, buckets, connect_us);
  retries_.counter(labels, static_cast<double>(retries));
  queued_.gauge(labels, static_cast<double>(queued));
  unpaid_.counter(labels, static_cast<double>(unpaid));
  unmatched_.counter(labels, static_cast<double>(unmatched));
  waits_.counter(with(labels, "direction", "upstream"), static_cast<double>(waits[0]));
  waits_.counter(with(labels, "direction", "downstream"), static_cast<double>(waits[1]));
  for (const auto cause : proxy::kRejections) {
    rejected_.counter(with(labels, "reason", std::string(to_string(cause))),
                      static_cast<double>(ended.at(static_cast<std::size_t>(cause))));
  }
  for (std::size_t i = 1; i < ended.size(); ++i) {
    ended_.counter(with(labels, "cause", std::string(to_string(static_cast<Cause>(i)))), static_cast<double>(ended[i]));
  }
}

void Collector::add_routes(const MetricLabels& labels, const discovery::ServicePortView& view) {
  for (const auto& route : view.routes) {
    const MetricLabels one = with(labels, "route", route.name);
    if (route.running != nullptr && route.running->route != nullptr) {
      routed_.counter(one, static_cast<double>(route.running->route->sessions.load(std::memory_order_relaxed)));
      panic_.gauge(one, route.running->panic ? 1 : 0);
      tier_.gauge(one, static_cast<double>(route.tier + 1));
    }
  }
  if (view.running->sni == nullptr || view.running->sni->stats == nullptr) {
    return;
  }
  for (std::size_t i = 0; i < proxy::kSniMissCount; ++i) {
    unrouted_.counter(with(labels, "reason", std::string(to_string(static_cast<proxy::SniMiss>(i)))),
                      static_cast<double>(view.running->sni->stats->missed[i].load(std::memory_order_relaxed)));
  }
}

void Collector::add_endpoint(const MetricLabels& labels, const discovery::EndpointView& view) {
  MetricLabels one = with(labels, "endpoint", view.state->address.to_string());
  if (!view.state->service().route.empty()) {
    // One address may be an endpoint of several routes.
    one = with(std::move(one), "route", view.state->service().route);
  }
  up_.gauge(one, view.condition == EndpointCondition::kReady ? 1 : 0);
  picked_.counter(one, static_cast<double>(view.state->connections.load(std::memory_order_relaxed)));
  held_.gauge(one, view.state->active.load(std::memory_order_relaxed));
  weight_.gauge(one, view.weight);
  if (const double latency_us = view.state->latency.latest(); latency_us > 0) {
    latency_.gauge(one, latency_us / 1e6);
  }
  for (std::size_t i = 0; i < view.state->connect_failures.size(); ++i) {
    if (const auto count = view.state->connect_failures[i].load(std::memory_order_relaxed); count > 0) {
      failures_.counter(with(one, "reason", std::string(to_string(static_cast<proxy::ConnectFailure>(i)))),
                        static_cast<double>(count));
    }
  }
  for (std::size_t i = 0; i < view.ejections.size(); ++i) {
    if (view.ejections.at(i) > 0) {
      ejections_.counter(with(one, "reason", std::string(to_string(static_cast<discovery::EjectionReason>(i)))),
                         static_cast<double>(view.ejections.at(i)));
    }
  }
  if (view.check != nullptr) {
    checks_.counter(with(one, "result", "success"), static_cast<double>(view.check->successes()));
    checks_.counter(with(one, "result", "failure"), static_cast<double>(view.check->failures()));
  }
}

std::vector<prometheus::MetricFamily> Collector::take() && {
  std::vector<prometheus::MetricFamily> out;
  for (auto* family : {&connections_,
                       &active_,
                       &bytes_,
                       &connect_,
                       &failures_,
                       &retries_,
                       &unpaid_,
                       &unmatched_,
                       &waits_,
                       &rejected_,
                       &ended_,
                       &panic_,
                       &affinity_clients_,
                       &affinity_evictions_,
                       &endpoints_,
                       &tier_,
                       &spilled_,
                       &up_,
                       &picked_,
                       &held_,
                       &weight_,
                       &latency_,
                       &ejections_,
                       &checks_,
                       &no_local_,
                       &routed_,
                       &unrouted_}) {
    if (!family->empty()) {
      out.push_back(std::move(*family).take());
    }
  }
  return out;
}

}  // namespace

std::vector<prometheus::MetricFamily> service_metrics(const std::vector<discovery::ServiceView>& services) {
  Collector collector;
  for (const auto& service : services) {
    for (const auto& port : service.ports) {
      collector.add(port);
    }
  }
  return std::move(collector).take();
}

}  // namespace ringway::daemon
