#include "daemon/admin/service_families.h"

#include <algorithm>
#include <array>
#include <string>

namespace ringway::daemon {

namespace {

using discovery::EndpointCondition;
using discovery::EndpointView;
using proxy::Cause;
using proxy::ServiceCounters;
using Of = PortFamily::Of;
using Type = prometheus::MetricType;
using View = discovery::ServicePortView;

/// Over all workers; `read` gives the number of one.
template <typename Read>
double sum(const proxy::ServiceStats& stats, Read read) {
  std::uint64_t sum = 0;
  for (const ServiceCounters& worker : stats.all()) {
    sum += read(worker).get();
  }
  return static_cast<double>(sum);
}

template <proxy::Counter ServiceCounters::* Member>
void add_counter(Family& family, const MetricLabels& labels, const View& view) {
  if (view.running->stats) {
    family.sample(labels, sum(*view.running->stats, [](const auto& worker) -> auto& { return worker.*Member; }));
  }
}

void add_bytes(Family& family, const MetricLabels& labels, const View& view) {
  if (const auto& stats = view.running->stats) {
    family.sample(labels, {{"direction", "upstream"}},
                  sum(*stats, [](const auto& worker) -> auto& { return worker.bytes_upstream; }));
    family.sample(labels, {{"direction", "downstream"}},
                  sum(*stats, [](const auto& worker) -> auto& { return worker.bytes_downstream; }));
  }
}

void add_waits(Family& family, const MetricLabels& labels, const View& view) {
  if (const auto& stats = view.running->stats) {
    family.sample(labels, {{"direction", "upstream"}},
                  sum(*stats, [](const auto& worker) -> auto& { return worker.bandwidth_waits[0]; }));
    family.sample(labels, {{"direction", "downstream"}},
                  sum(*stats, [](const auto& worker) -> auto& { return worker.bandwidth_waits[1]; }));
  }
}

void add_connect_time(Family& family, const MetricLabels& labels, const View& view) {
  if (!view.running->stats) {
    return;
  }
  std::uint64_t total_us = 0;
  std::array<std::uint64_t, proxy::kConnectBucketBounds_us.size() + 1> buckets{};
  for (const auto& worker : view.running->stats->all()) {
    total_us += worker.connect_total_us.get();
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      buckets[i] += worker.connect_buckets[i].get();
    }
  }
  family.histogram_us(labels, proxy::kConnectBucketBounds_us, buckets, total_us);
}

double ended_of(const proxy::ServiceStats& stats, Cause cause) {
  return sum(stats, [cause](const auto& worker) -> auto& { return worker.ended[static_cast<std::size_t>(cause)]; });
}

void add_rejected(Family& family, const MetricLabels& labels, const View& view) {
  for (const Cause cause : view.running->stats ? std::span(proxy::kRejections) : std::span<const Cause>()) {
    family.sample(labels, {{"reason", to_string(cause)}}, ended_of(*view.running->stats, cause));
  }
}

void add_ended(Family& family, const MetricLabels& labels, const View& view) {
  for (std::size_t i = 1; view.running->stats && i < proxy::kCauseCount; ++i) {
    const auto cause = static_cast<Cause>(i);
    if (const double count = ended_of(*view.running->stats, cause); count > 0) {
      family.sample(labels, {{"cause", to_string(cause)}}, count);
    }
  }
}

void add_panic(Family& family, const MetricLabels& labels, const View& view) {
  const auto panics = [](const discovery::FrontendView& one) { return one.running && one.running->panic; };
  family.sample(labels, std::ranges::any_of(view.frontends, panics) ? 1 : 0);
}

void add_no_local(Family& family, const MetricLabels& labels, const View& view) {
  for (const auto& [frontend, running, answer] : view.frontends) {
    if (frontend.local && running) {
      family.sample(labels,
                    {{"side", discovery::to_string(frontend.side)}, {"family", discovery::to_string(frontend.family)}},
                    answer == proxy::Answer::kDrops ? 1 : 0);
    }
  }
}

void add_routed(Family& family, const MetricLabels& labels, const View& view) {
  family.sample(labels, static_cast<double>(view.running->route->sessions.load(std::memory_order_relaxed)));
}

void add_unrouted(Family& family, const MetricLabels& labels, const View& view) {
  const auto& sni = view.running->sni;
  for (std::size_t i = 0; sni != nullptr && sni->stats != nullptr && i < proxy::kSniMissCount; ++i) {
    family.sample(labels, {{"reason", to_string(static_cast<proxy::SniMiss>(i))}},
                  static_cast<double>(sni->stats->missed[i].load(std::memory_order_relaxed)));
  }
}

template <typename Read>
void add_affinity(Family& family, const MetricLabels& labels, const View& view, Read read) {
  if (view.running->affinity != nullptr) {
    family.sample(labels, static_cast<double>(read(*view.running->affinity)));
  }
}

template <typename Read>
void add_clients(Family& family, const MetricLabels& labels, const View& view, Read read) {
  if (view.running->clients != nullptr) {
    family.sample(labels, static_cast<double>(read(*view.running->clients)));
  }
}

constexpr PortFamily kPortFamilies[] = {
    {"ringway_connections_total", "Connections accepted from clients.", Type::Counter, Of::kPort,
     add_counter<&ServiceCounters::connections>},
    {"ringway_connections_active", "Sessions now, those still connecting included.", Type::Gauge, Of::kPort,
     add_counter<&ServiceCounters::active>},
    {"ringway_bytes_total", "Bytes relayed: upstream = to endpoints, downstream = to clients.", Type::Counter,
     Of::kPort, add_bytes},
    {"ringway_connect_seconds", "Time to connect to an endpoint.", Type::Histogram, Of::kPort, add_connect_time},
    {"ringway_connections_queued", "Sessions that wait now for one of others to end.", Type::Gauge, Of::kPort,
     add_counter<&ServiceCounters::queued>},
    {"ringway_connect_retries_total", "Attempts to connect after a session's first.", Type::Counter, Of::kPort,
     add_counter<&ServiceCounters::retries>},
    {"ringway_retry_budget_exhausted_total", "Sessions that the retry budget denied another attempt.", Type::Counter,
     Of::kPort, add_counter<&ServiceCounters::retries_unpaid>},
    {"ringway_source_unmatched_total",
     "Attempts from an address of the kernel's choice, for want of one of policy.source of the endpoint's family.",
     Type::Counter, Of::kPort, add_counter<&ServiceCounters::source_unmatched>},
    {"ringway_bandwidth_waits_total", "Times that a session paused for policy.bandwidth.", Type::Counter, Of::kPort,
     add_waits},
    {"ringway_rejected_total", "Sessions that ended without having reached an endpoint.", Type::Counter, Of::kPort,
     add_rejected},
    {"ringway_sessions_ended_total", "Sessions that ended, by cause.", Type::Counter, Of::kPort, add_ended},
    {"ringway_panic", "Whether all endpoints are unhealthy and the ready ones are used anyway.", Type::Gauge, Of::kBoth,
     add_panic},
    {"ringway_affinity_clients", "Clients that session affinity remembers.", Type::Gauge, Of::kService,
     [](Family& family, const MetricLabels& labels, const View& view) {
       add_affinity(family, labels, view, [&view](const proxy::AffinityTable& table) {
         return table.clients(proxy::SteadyClock().now(), view.running->policy.affinity_timeout);
       });
     }},
    {"ringway_affinity_evictions_total", "Clients that session affinity forgot before their time, for want of room.",
     Type::Counter, Of::kService,
     [](Family& family, const MetricLabels& labels, const View& view) {
       add_affinity(family, labels, view, [](const proxy::AffinityTable& table) { return table.evictions(); });
     }},
    {"ringway_limited_clients", "Client addresses with sessions, where policy.perClient counts them.", Type::Gauge,
     Of::kService,
     [](Family& family, const MetricLabels& labels, const View& view) {
       add_clients(family, labels, view, [](const proxy::ClientLimits& limits) { return limits.clients(); });
     }},
    {"ringway_limited_clients_untracked_total",
     "Sessions that policy.perClient let in without a look, for want of room.", Type::Counter, Of::kService,
     [](Family& family, const MetricLabels& labels, const View& view) {
       add_clients(family, labels, view, [](const proxy::ClientLimits& limits) { return limits.untracked(); });
     }},
    {"ringway_tier", "The tier of endpoints that takes new sessions; 1 is the first.", Type::Gauge, Of::kBoth,
     [](Family& family, const MetricLabels& labels, const View& view) {
       family.sample(labels, static_cast<double>(view.tier + 1));
     }},
    {"ringway_locality_spilled", "Whether sessions go farther than preferred, for too few near endpoints are healthy.",
     Type::Gauge, Of::kPort,
     [](Family& family, const MetricLabels& labels, const View& view) {
       family.sample(labels, view.reach < view.wanted ? 1 : 0);
     }},
    {"ringway_no_local_endpoints",
     "Whether a traffic policy Local leaves no endpoint though there are some: clients are dropped.", Type::Gauge,
     Of::kPort, add_no_local},
    {"ringway_sni_sessions_total", "Sessions that took the route, by the server name.", Type::Counter, Of::kRoute,
     add_routed},
    {"ringway_sni_unrouted_total", "Sessions of a port with routes that took none, and why.", Type::Counter, Of::kPort,
     add_unrouted},
};

bool was_ejected(const EndpointView& view) {
  return std::ranges::any_of(view.ejections, [](std::uint64_t count) { return count > 0; });
}

bool failed_to_connect(const EndpointView& view) {
  return std::ranges::any_of(view.state->connect_failures,
                             [](const auto& count) { return count.load(std::memory_order_relaxed) > 0; });
}

void add_ejections(Family& family, const MetricLabels& labels, const EndpointView& view) {
  for (std::size_t i = 0; i < view.ejections.size(); ++i) {
    if (view.ejections.at(i) > 0) {
      family.sample(labels, {{"reason", to_string(static_cast<discovery::EjectionReason>(i))}},
                    static_cast<double>(view.ejections.at(i)));
    }
  }
}

void add_failures(Family& family, const MetricLabels& labels, const EndpointView& view) {
  for (std::size_t i = 0; i < view.state->connect_failures.size(); ++i) {
    if (const auto count = view.state->connect_failures[i].load(std::memory_order_relaxed); count > 0) {
      family.sample(labels, {{"reason", to_string(static_cast<proxy::ConnectFailure>(i))}}, static_cast<double>(count));
    }
  }
}

constexpr EndpointFamily kEndpointFamilies[] = {
    {"ringway_endpoint_up", "Whether the endpoint is ready and, where checked, up.", Type::Gauge, nullptr,
     [](Family& family, const MetricLabels& labels, const EndpointView& view) {
       family.sample(labels, view.condition == EndpointCondition::kReady ? 1 : 0);
     }},
    {"ringway_endpoint_connections_total", "Sessions that were connected to the endpoint.", Type::Counter, nullptr,
     [](Family& family, const MetricLabels& labels, const EndpointView& view) {
       family.sample(labels, static_cast<double>(view.state->connections.load(std::memory_order_relaxed)));
     }},
    {"ringway_endpoint_connections_active", "Sessions of the endpoint now, over all workers.", Type::Gauge, nullptr,
     [](Family& family, const MetricLabels& labels, const EndpointView& view) {
       family.sample(labels, view.state->active.load(std::memory_order_relaxed));
     }},
    {"ringway_endpoint_weight", "The endpoint's weight; 0 takes no new sessions.", Type::Gauge, nullptr,
     [](Family& family, const MetricLabels& labels, const EndpointView& view) { family.sample(labels, view.weight); }},
    {"ringway_endpoint_latency_seconds", "Peak-sensitive average of connect time and time to first byte (peakEwma).",
     Type::Gauge, [](const EndpointView& view) { return view.state->latency.latest() > 0; },
     [](Family& family, const MetricLabels& labels, const EndpointView& view) {
       family.sample(labels, view.state->latency.latest() / 1e6);
     }},
    {"ringway_connect_failures_total", "Failed attempts to connect to an endpoint.", Type::Counter, failed_to_connect,
     add_failures},
    {"ringway_ejections_total", "Times that an endpoint was ejected as an outlier.", Type::Counter, was_ejected,
     add_ejections},
    {"ringway_health_checks_total", "Active health checks that ended.", Type::Counter,
     [](const EndpointView& view) { return view.check != nullptr; },
     [](Family& family, const MetricLabels& labels, const EndpointView& view) {
       family.sample(labels, {{"result", "success"}}, static_cast<double>(view.check->successes()));
       family.sample(labels, {{"result", "failure"}}, static_cast<double>(view.check->failures()));
     }},
};

}  // namespace

std::span<const PortFamily> port_families() {
  return kPortFamilies;
}

std::span<const EndpointFamily> endpoint_families() {
  return kEndpointFamilies;
}

}  // namespace ringway::daemon
