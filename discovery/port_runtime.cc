#include "discovery/port_runtime.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "discovery/health/check.h"

namespace ringway::discovery {
namespace {

proxy::Balancer balancer_of(config::Balancer balancer) {
  switch (balancer) {
    case config::Balancer::kRoundRobin:
      return proxy::Balancer::kRoundRobin;
    case config::Balancer::kRandom:
      return proxy::Balancer::kRandom;
    case config::Balancer::kLeastConnections:
      return proxy::Balancer::kLeastConnections;
    case config::Balancer::kSourceHash:
      return proxy::Balancer::kSourceHash;
    case config::Balancer::kPeakEwma:
      return proxy::Balancer::kPeakEwma;
    case config::Balancer::kFirst:
      return proxy::Balancer::kFirst;
    case config::Balancer::kPowerOfTwo:
      break;
  }
  return proxy::Balancer::kPowerOfTwo;
}

template <typename Value>
bool same_value(const std::shared_ptr<const Value>& left, const std::shared_ptr<const Value>& right) {
  return left == nullptr || right == nullptr ? left == right : *left == *right;
}

void add_rules(std::vector<proxy::AccessRule>& rules, const std::vector<std::string>& networks, bool allow) {
  for (const auto& network : networks) {
    if (const auto rule = proxy::parse_access_rule(network, allow)) {
      rules.push_back(*rule);
    }
  }
}

/// Null where every client may come in.
std::shared_ptr<const proxy::AccessList> access_list(const config::Policy& policy) {
  if (policy.allow.empty() && policy.deny.empty()) {
    return nullptr;
  }
  std::vector<proxy::AccessRule> rules;
  add_rules(rules, policy.allow, true);
  add_rules(rules, policy.deny, false);
  return std::make_shared<const proxy::AccessList>(rules, policy.allow.empty());
}

/// Null where there are none.
std::shared_ptr<const proxy::AccessList> only_from(const std::vector<std::string>& networks) {
  if (networks.empty()) {
    return nullptr;
  }
  std::vector<proxy::AccessRule> rules;
  add_rules(rules, networks, true);
  return std::make_shared<const proxy::AccessList>(rules, false);
}

/// Null where the kernel chooses.
std::shared_ptr<const proxy::Source> source_of(const config::Source& source) {
  if (source.kind == config::Source::Kind::kAuto) {
    return nullptr;
  }
  auto out = std::make_shared<proxy::Source>();
  out->transparent = source.kind == config::Source::Kind::kTransparent;
  for (const auto& text : source.addresses) {
    out->addresses.push_back(proxy::IpAddress::parse(text).value_or(proxy::IpAddress()));
  }
  out->first_port = source.first_port;
  out->last_port = source.last_port;
  return out;
}

bool is_still_in(const CandidateSet& set, const Endpoint& endpoint) {
  const auto still = set.endpoints.find(endpoint.state->address);
  return still != set.endpoints.end() && endpoint.belongs_to(still->second);
}

/// An engine does not know what its machine is called among the nodes.
void settle_place(Candidate& candidate, const Place& here) {
  if (candidate.of_this_machine && candidate.place.get().node.empty()) {
    config::Placement place = candidate.place;
    place.node = here.node;
    place.zone = here.zone;
    candidate.place = std::move(place);
  }
}

}  // namespace

PortRuntime::PortRuntime(proxy::ServiceKey key, Environment& environment, std::shared_ptr<proxy::ServiceStats> stats)
    : identity_(std::make_shared<const proxy::PortIdentity>(std::move(key), std::move(stats))),
      environment_(environment),
      route_stats_(this->key().route.empty() ? nullptr : std::make_shared<proxy::RouteStats>()) {}

proxy::ServicePort PortRuntime::shape(const proxy::ServiceKey& key, const config::Service& service,
                                      const Frontend& frontend) {
  proxy::ServicePort shape;
  shape.key = key;
  shape.listen = frontend.listen;
  shape.policy.balancer = balancer_of(service.policy.balancer);
  shape.policy.ewma_decay = service.policy.ewma_decay;
  shape.policy.first_limit = service.policy.first_limit;
  shape.policy.connect_timeout = service.policy.connect_timeout;
  shape.policy.connect_attempts =
      std::clamp<std::uint32_t>(service.policy.connect_attempts, 1, proxy::kMaxConnectAttempts);
  shape.policy.retry_budget = static_cast<std::uint32_t>(std::lround(service.policy.retry_budget * 1000));
  shape.policy.idle_timeout = service.policy.idle_timeout;
  shape.policy.max_age = service.policy.max_connection_age;
  shape.policy.max_connections = service.policy.max_connections;
  shape.policy.max_per_endpoint = service.policy.max_per_endpoint;
  shape.policy.queue_limit = service.policy.queue_limit;
  shape.policy.queue_timeout = service.policy.queue_timeout;
  shape.policy.per_client = {
      .max_connections = service.policy.client_connections,
      .rate = service.policy.client_rate,
      .burst = service.policy.client_burst > 0 ? service.policy.client_burst : service.policy.client_rate,
      .ipv6_bits = service.policy.client_ipv6_bits};
  shape.access = access_list(service.policy);
  shape.sources = frontend.side == Side::kBalancer ? only_from(service.source_ranges) : nullptr;
  shape.proxy_sources = only_from(service.policy.proxy_sources);
  constexpr std::array kVersions = {proxy::ProxyVersion::kNone, proxy::ProxyVersion::kV1, proxy::ProxyVersion::kV2};
  shape.policy.proxy_send = kVersions.at(static_cast<std::size_t>(service.policy.proxy_send));
  shape.policy.proxy_crc32c = service.policy.proxy_crc32c;
  shape.policy.proxy_unique_id = service.policy.proxy_unique_id;
  shape.policy.proxy_timeout = service.policy.proxy_timeout;
  shape.policy.affinity_timeout = service.affinity_timeout;
  shape.source = source_of(service.policy.source);
  shape.policy.bandwidth = {service.policy.session_up, service.policy.session_down};
  shape.service_bandwidth = {service.policy.service_up, service.policy.service_down};
  return shape;
}

bool PortRuntime::same_shape(const proxy::ServicePort& running, const proxy::ServicePort& asked) {
  return running.listen == asked.listen && same_value(running.access, asked.access) &&
         same_value(running.sources, asked.sources) && same_value(running.proxy_sources, asked.proxy_sources) &&
         same_value(running.source, asked.source) && same_value(running.sni, asked.sni) &&
         running.route_of == asked.route_of && running.service_bandwidth == asked.service_bandwidth &&
         running.policy == asked.policy;
}

void PortRuntime::configure(const config::Service& service, const config::ServicePort& port,
                            std::vector<Front> fronts) {
  service_ = &service;
  port_ = &port;
  const bool limits = service.policy.client_connections > 0 || service.policy.client_rate > 0;
  const proxy::Rates rates = {service.policy.service_up, service.policy.service_down};
  // A session has that of its port, whatever its route is. Where the limit is gone, those that are open hold it still.
  const bool shares = rates != proxy::Rates() && key().route.empty();
  const auto bandwidth = shares ? environment_.bandwidths.of(key()) : environment_.bandwidths.known(key());
  if (bandwidth != nullptr) {
    bandwidth->limit(rates);
  }
  for (Front& front : fronts) {
    front.running = running(front.frontend);
    front.shape.affinity = service.affinity_timeout.count() > 0 ? environment_.affinities.of(key()) : nullptr;
    front.shape.clients = limits ? environment_.clients.of(key()) : nullptr;
    front.shape.bandwidth = shares ? bandwidth : nullptr;
    front.shape.route = route_stats_;
    if (front.shape.sni != nullptr) {
      auto counted = std::make_shared<proxy::SniRoutes>(*front.shape.sni);
      counted->stats = sni_stats_;
      front.shape.sni = std::move(counted);
    }
  }
  fronts_ = std::move(fronts);
  drain_timeout_ = service.policy.drain_timeout;
  drain_end_ = service.policy.drain_end;
  const auto& check = service.policy.health_check;
  if (check.has_value() != check_.has_value() || (check && !same_check(*check, *check_))) {
    check_ = check;
    ++check_generation_;
  }
}

void PortRuntime::update(CandidateSet set, const DrainMarks& marks, proxy::Time now) {
  for (auto& endpoint : endpoints_) {
    if (!is_still_in(set, *endpoint)) {
      leave(std::move(endpoint), now);
    }
  }
  std::erase(endpoints_, nullptr);
  endpoints_.reserve(set.endpoints.size());
  put(set, marks);
  unresolved_.clear();
  for (auto& [address, candidate] : set.unresolved) {
    unresolved_.push_back(make_endpoint(address, candidate));
    unresolved_.back()->about = std::move(candidate);
  }
}

void PortRuntime::update_only(const Addresses& addresses, CandidateSet set, const DrainMarks& marks, proxy::Time now) {
  for (const proxy::IpAddress& ip : addresses) {
    auto entry = place_of(proxy::SocketAddress(ip, 0));
    while (entry != endpoints_.end() && (*entry)->state->address.ip() == ip) {
      if (is_still_in(set, **entry)) {
        ++entry;
      } else {
        leave(std::move(*entry), now);
        entry = endpoints_.erase(entry);
      }
    }
  }
  put(set, marks);
}

PortRuntime::Endpoints::iterator PortRuntime::place_of(const proxy::SocketAddress& address) {
  return std::ranges::lower_bound(endpoints_, address, {},
                                  [](const auto& endpoint) -> const auto& { return endpoint->state->address; });
}

void PortRuntime::put(CandidateSet& set, const DrainMarks& marks) {
  for (auto& [address, candidate] : set.endpoints) {
    settle_place(candidate, environment_.here);
    auto entry = place_of(address);
    if (entry == endpoints_.end() || (*entry)->state->address != address) {
      entry = endpoints_.insert(entry, take_back(address, candidate));
    }
    Endpoint& endpoint = **entry;
    const bool was_ready = endpoint.about.ready && !endpoint.about.terminating;
    endpoint.about = std::move(candidate);
    if (!was_ready && endpoint.about.ready && !endpoint.about.terminating) {
      endpoint.forget_failures();
    }
    endpoint.drained = drain_of(marks, address, endpoint.about.workload);
    watch(endpoint);
  }
}

void PortRuntime::watch(Endpoint& endpoint) {
  if (!check_ || !endpoint.about.ready || endpoint.about.terminating || out_of_bounds(endpoint)) {
    endpoint.check.reset();
    return;
  }
  if (endpoint.check && endpoint.check->generation == check_generation_) {
    return;
  }
  auto next = environment_.checker.watch(endpoint.state->address, *check_,
                                         [this](const proxy::SocketAddress& where) { health_changed(where); });
  if (!endpoint.check) {
    endpoint.check = std::make_unique<EndpointCheck>();
  }
  endpoint.check->follow(std::move(next), check_generation_);
}

void PortRuntime::health_changed(const proxy::SocketAddress& address) {
  const auto found = place_of(address);
  if (found == endpoints_.end() || (*found)->state->address != address || !(*found)->check) {
    return;
  }
  Endpoint& endpoint = **found;
  endpoint.check->forget_old();
  const std::optional<bool> up = endpoint.up();
  const std::optional<bool> before = std::exchange(endpoint.check->last_up, up);
  if (up == before) {
    return;
  }
  if (up == true && before == false) {
    endpoint.forget_failures();
  }
  if (up == false && service_->policy.on_down == config::OnDown::kCloseSessions) {
    environment_.output.close_sessions(endpoint.state, proxy::Cause::kEndpointDown);
  }
  environment_.health_changed(*this);
}

std::vector<DrainMark> PortRuntime::named(std::string_view text,
                                          const std::optional<proxy::SocketAddress>& address) const {
  std::vector<DrainMark> found;
  for (const auto& endpoint : endpoints_) {
    const proxy::SocketAddress& where = endpoint->state->address;
    const std::string_view workload = endpoint->about.workload;
    const bool bare = !workload.empty() && !workload.contains('/');
    if (address ? where == *address
                : names_workload(text, workload) || (bare && text == key().ns + "/" + std::string(workload))) {
      found.push_back({where, std::string(workload)});
    }
  }
  return found;
}

bool PortRuntime::follow(const DrainMarks& marks) {
  bool changed = false;
  for (const auto& endpoint : endpoints_) {
    const auto drained = drain_of(marks, endpoint->state->address, endpoint->about.workload);
    changed = changed || drained != endpoint->drained;
    endpoint->drained = drained;
  }
  return changed;
}

}  // namespace ringway::discovery
