#include "tests/sim/services.h"

#include <algorithm>
#include <utility>

namespace ringway::sim {
namespace {

using proxy::EndpointState;
using proxy::Plan;
using proxy::ServicePort;
using std::chrono::milliseconds;

constexpr std::uint32_t kFirstVirtualIp = 0x7f600001;
constexpr std::uint32_t kFirstSource = 0x0a090001;

}  // namespace

Services::Services(Upstreams& upstreams, proxy::simulated::SimulatedRing& ring, const Scenario& scenario,
                   std::uint64_t seed)
    : upstreams_(upstreams), ring_(ring), scenario_(scenario), random_(seed) {
  for (std::uint32_t service = 0; service < scenario.services; ++service) {
    virtual_ips_.emplace_back(proxy::IpAddress::v4(kFirstVirtualIp + service), 80);
  }
}

proxy::SessionPolicy Services::draw_policy() {
  proxy::SessionPolicy policy;
  policy.balancer = static_cast<proxy::Balancer>(random_.below(proxy::kBalancerCount));
  policy.first_limit = random_.below(4);
  policy.ewma_decay = milliseconds(1 + random_.below(20'000));
  policy.connect_timeout = random_.chance(0.02) ? milliseconds(0) : milliseconds(1 + random_.below(2000));
  policy.connect_attempts = 1 + random_.below(random_.chance(0.1) ? proxy::kMaxConnectAttempts : 4);
  policy.idle_timeout = milliseconds(scenario_.idle_timeouts && random_.chance(0.7) ? 1 + random_.below(8000) : 0);
  policy.max_connections = random_.chance(0.05) ? 1 + random_.below(8) : 0;
  policy.max_per_endpoint = random_.chance(0.1) ? 1 + random_.below(4) : 0;
  policy.queue_limit = random_.chance(0.5) ? random_.below(8) : 0;
  policy.affinity_timeout = milliseconds(random_.chance(0.3) ? 100 + random_.below(3000) : 0);
  policy.queue_timeout = milliseconds(10 + random_.below(3000));
  policy.per_client.max_connections = random_.chance(0.3) ? 1 + random_.below(3) : 0;
  policy.per_client.rate = random_.chance(0.15) ? 1 + random_.below(100) : 0;
  policy.proxy_send = static_cast<proxy::ProxyVersion>(random_.chance(0.2) ? 1 + random_.below(2) : 0);
  policy.max_age = milliseconds(scenario_.max_ages && random_.chance(0.7) ? 1 + random_.below(8000) : 0);
  return policy;
}

void Services::limit_bandwidth(ServicePort& port) {
  if (!scenario_.bandwidths) {
    return;
  }
  for (const std::size_t way : {0U, 1U}) {
    port.policy.bandwidth[way] = random_.chance(0.5) ? std::uint64_t{4096} << random_.below(10) : 0;
    port.service_bandwidth[way] = random_.chance(0.3) ? std::uint64_t{65'536} << random_.below(8) : 0;
  }
  if (port.bandwidth == nullptr || random_.chance(0.3)) {
    port.bandwidth = std::make_shared<proxy::ServiceBandwidth>();
  }
  port.bandwidth->limit(port.service_bandwidth);
  ++bandwidth_changes_;
  bandwidth_changed_at_ = ring_.now();
}

std::shared_ptr<EndpointState> Services::make_endpoint(std::uint32_t slot) {
  const proxy::ServiceKey key{"sim", "service-" + std::to_string(slot), "", proxy::Protocol::kTcp};
  auto endpoint = std::make_shared<EndpointState>(key, upstreams_.add(), "", stats_[slot]);
  endpoints_.push_back({.state = endpoint});
  return endpoint;
}

/// Weights for what may be picked, and endpoints that only retries reach.
void Services::draw_preferences(std::uint32_t slot, ServicePort& port) {
  port.weights.clear();
  if (random_.chance(0.3)) {
    for (std::size_t count = port.endpoints.size(); count > 0; --count) {
      port.weights.push_back(
          static_cast<std::uint16_t>(1 + random_.below(random_.chance(0.5) ? 3 : proxy::kMaxWeight)));
    }
  }
  port.reserves.clear();
  for (std::uint32_t groups = random_.chance(0.3) && !port.endpoints.empty() ? 1 + random_.below(2) : 0; groups > 0;
       --groups) {
    port.reserves.push_back({make_endpoint(slot)});
  }
}

std::shared_ptr<ServicePort> Services::make_port(std::uint32_t slot) {
  auto port = std::make_shared<ServicePort>();
  port->key = {"sim", "service-" + std::to_string(slot), "", proxy::Protocol::kTcp};
  port->listen = {virtual_ips_[slot]};
  port->policy = draw_policy();
  limit_bandwidth(*port);
  port->stats = stats_[slot];
  port->source = draw_source();
  port->access = draw_access();
  port->proxy_sources = draw_proxies();
  port->affinity = port->policy.affinity_timeout.count() > 0 ? std::make_shared<proxy::AffinityTable>() : nullptr;
  port->clients = random_.chance(0.5) ? std::make_shared<proxy::ClientLimits>() : nullptr;
  for (std::uint32_t count = random_.below(4) + 1; count > 0; --count) {
    port->endpoints.push_back(make_endpoint(slot));
  }
  draw_preferences(slot, *port);
  return port;
}

std::shared_ptr<const proxy::Source> Services::draw_source() {
  if (!random_.chance(0.2)) {
    return nullptr;
  }
  auto source = std::make_shared<proxy::Source>();
  source->transparent = random_.chance(0.4);
  if (source->transparent) {
    return source;
  }
  for (std::uint32_t count = random_.below(3); count > 0; --count) {
    source->addresses.push_back(proxy::IpAddress::v4(kFirstSource + count));
  }
  if (source->addresses.empty() || random_.chance(0.5)) {
    source->first_port = 20'000;
    source->last_port = static_cast<std::uint16_t>(20'000 + random_.below(8));
  }
  return source;
}

/// Keeps out eight clients in a row.
std::shared_ptr<const proxy::AccessList> Services::draw_access() {
  if (!random_.chance(0.2)) {
    return nullptr;
  }
  const proxy::AccessRule rule{
      .network = proxy::IpAddress::v4(kFirstClient + 8 * random_.below(4)), .bits = 29, .allow = false};
  return std::make_shared<const proxy::AccessList>(std::span(&rule, 1), true);
}

/// Half of the clients.
std::shared_ptr<const proxy::AccessList> Services::draw_proxies() {
  if (!random_.chance(0.2)) {
    return nullptr;
  }
  const proxy::AccessRule rule{.network = proxy::IpAddress::v4(kFirstClient), .bits = 28, .allow = true};
  return std::make_shared<const proxy::AccessList>(std::span(&rule, 1), false);
}

void Services::add_routes(std::uint32_t slot, ServicePort& port, proxy::Switch& to) {
  auto sni = std::make_shared<proxy::SniRoutes>();
  sni->timeout = milliseconds(1 + random_.below(1500));
  sni->reject = random_.chance(0.3);
  sni->stats = std::make_shared<proxy::SniStats>();
  sni->names.add("route-0.sim", route_slot(slot, 0));
  sni->names.add("*.route-1.sim", route_slot(slot, 1));
  for (std::uint32_t route = 0; route < kRoutes; ++route) {
    const std::uint32_t place = route_slot(slot, route);
    sni->slots.push_back(place);
    auto routed = std::make_shared<ServicePort>();
    routed->key = port.key;
    routed->key.route = "route-" + std::to_string(route) + ".sim";
    routed->policy = port.policy;
    routed->stats = port.stats;
    routed->source = port.source;
    routed->affinity = port.affinity == nullptr ? nullptr : std::make_shared<proxy::AffinityTable>();
    routed->route = std::make_shared<proxy::RouteStats>();
    routed->route_of = slot;
    for (std::uint32_t count = random_.below(3); count > 0; --count) {
      routed->endpoints.push_back(make_endpoint(slot));
    }
    draw_preferences(slot, *routed);
    ports_[place] = std::move(routed);
    to.changed_slots.push_back(place);
  }
  port.sni = std::move(sni);
}

void Services::drop_routes(std::uint32_t slot, proxy::Switch& to) {
  for (std::uint32_t route = 0; route < kRoutes; ++route) {
    ports_[route_slot(slot, route)] = nullptr;
    to.changed_slots.push_back(route_slot(slot, route));
  }
}

void Services::change_policy(std::uint32_t slot, ServicePort& port, proxy::Switch& to) {
  port.policy = draw_policy();
  limit_bandwidth(port);
  if (random_.chance(0.5)) {
    port.sni = nullptr;
    drop_routes(slot, to);
    if (random_.chance(0.5)) {
      add_routes(slot, port, to);
    }
  }
}

/// Adds one, takes one away, or all.
void Services::change_endpoints(std::uint32_t what, std::uint32_t service, ServicePort& port) {
  if (what == 0 || (what == 3 && port.endpoints.empty())) {
    port.endpoints.push_back(make_endpoint(service));
  } else if (what == 3) {
    port.endpoints.clear();
  } else if (!port.endpoints.empty()) {
    port.endpoints.erase(port.endpoints.begin() + random_.below(static_cast<std::uint32_t>(port.endpoints.size())));
  }
}

/// One port, or one route, becomes another one.
void Services::change(std::uint32_t slot, proxy::Switch& to) {
  to.changed_slots.push_back(slot);
  if (slot >= count()) {
    if (ports_[slot] != nullptr) {
      auto route = std::make_shared<ServicePort>(*ports_[slot]);
      change_endpoints(random_.below(4), route->route_of, *route);
      draw_preferences(route->route_of, *route);
      ports_[slot] = std::move(route);
    }
    return;
  }
  if (ports_[slot] == nullptr) {
    stats_[slot] = all_stats_.emplace_back(std::make_shared<proxy::ServiceStats>(1));
    auto made = make_port(slot);
    if (random_.chance(0.4)) {
      add_routes(slot, *made, to);
    }
    ports_[slot] = std::move(made);
    const SocketAddress& address = ports_[slot]->listen.front();
    to.added.push_back({.fd = ring_.bind(address), .address = address, .port_slot = slot});
    return;
  }
  auto port = std::make_shared<ServicePort>(*ports_[slot]);
  const std::uint32_t what = random_.below(6);
  if (what < 4) {
    change_endpoints(what, slot, *port);
    port->silent = what == 3 && port->endpoints.empty() && slot % 2 == 0;
  } else if (what == 4) {
    change_policy(slot, *port, to);
  } else {
    to.removed.push_back(port->listen.front());
    ports_[slot] = nullptr;
    drop_routes(slot, to);
    return;
  }
  draw_preferences(slot, *port);
  ports_[slot] = std::move(port);
}

proxy::Switch Services::advance() {
  proxy::Switch to;
  if (plans_.empty()) {
    ports_.resize((1 + kRoutes) * virtual_ips_.size());
    stats_.resize(virtual_ips_.size());
    for (std::uint32_t slot = 0; slot < count(); ++slot) {
      change(slot, to);
    }
  } else {
    change(random_.below(static_cast<std::uint32_t>(ports_.size())), to);
    if (random_.chance(0.1)) {
      // All at once.
      for (std::uint32_t slot = 0; slot < ports_.size(); ++slot) {
        if (std::ranges::find(to.changed_slots, slot) == to.changed_slots.end()) {
          change(slot, to);
        }
      }
    }
  }
  auto snapshot = std::make_shared<proxy::Snapshot>();
  snapshot->version = plans_.size() + 1;
  snapshot->ports = ports_;
  auto plan = std::make_unique<Plan>();
  for (std::uint32_t slot = 0; slot < ports_.size(); ++slot) {
    const bool same = !plans_.empty() && plans_.back()->port(slot) == ports_[slot].get();
    plan->pickers.push_back(ports_[slot] == nullptr ? nullptr
                            : same                  ? plans_.back()->pickers[slot]
                                                    : proxy::make_picker(*ports_[slot]));
  }
  plan->snapshot = std::move(snapshot);
  to.plan = plan.get();
  plans_.push_back(std::move(plan));
  return to;
}

const ServicePort* Services::port_at(const SocketAddress& virtual_ip) const {
  const auto found = std::ranges::find(virtual_ips_, virtual_ip);
  return found == virtual_ips_.end() ? nullptr : plan().port(static_cast<std::uint32_t>(found - virtual_ips_.begin()));
}

const ServicePort* Services::route_at(const SocketAddress& virtual_ip, std::uint32_t route) const {
  const auto found = std::ranges::find(virtual_ips_, virtual_ip);
  return found == virtual_ips_.end()
             ? nullptr
             : plan().port(route_slot(static_cast<std::uint32_t>(found - virtual_ips_.begin()), route));
}

EndpointState* Services::any_endpoint() {
  return endpoints_.empty() ? nullptr
                            : endpoints_[random_.below(static_cast<std::uint32_t>(endpoints_.size()))].state.get();
}

std::uint64_t Services::counts_of(const EndpointState& endpoint) {
  std::uint64_t sum = endpoint.active.load() + endpoint.connections.load();
  for (const auto& failures : endpoint.connect_failures) {
    sum += failures.load();
  }
  return sum;
}

void Services::collect() {
  for (Kept& kept : endpoints_) {
    kept.named = false;
  }
  const auto name = [this](const auto& group) {
    for (const auto& endpoint : group) {
      std::ranges::find(endpoints_, endpoint, &Kept::state)->named = true;
    }
  };
  for (const auto& port : ports_) {
    if (port != nullptr) {
      name(port->endpoints);
      std::ranges::for_each(port->reserves, name);
    }
  }
  for (Kept& kept : endpoints_) {
    if (!kept.named && !kept.let_go && kept.state->unused()) {
      kept.let_go = true;
      kept.touched = counts_of(*kept.state);
    }
  }
}

std::string Services::leftovers() const {
  for (const Kept& kept : endpoints_) {
    const std::string name = "endpoint " + kept.state->address.to_string();
    if (kept.state->active.load() != 0) {
      return name + " counts " + std::to_string(static_cast<std::int32_t>(kept.state->active.load())) +
             " sessions after the last one has ended";
    }
    if (kept.let_go && counts_of(*kept.state) != kept.touched) {
      return name + " was used after it was let go";
    }
  }
  for (const auto& stats : all_stats_) {
    if (stats->worker(0).active.get() != 0) {
      return "a Service counts sessions after the last one has ended";
    }
  }
  return "";
}

}  // namespace ringway::sim
