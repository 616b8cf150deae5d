#include "discovery/reconciler_plan.h"

#include <set>

#include <utility>

#include "discovery/candidates.h"
namespace ringway::discovery {
namespace {

proxy::ServiceKey key_of_route(const proxy::ServiceKey& port, const config::SniRoute& route) {
  proxy::ServiceKey key = port;
  key.route = route.names.front();
  return key;
}

bool has_routes(const config::Service& service, const config::ServicePort& port) {
  return service.policy.sni && service.policy.sni->port == std::variant<std::uint16_t, std::string>(port.port);
}

void plan_routes(const PlannedPort& port, std::vector<PlannedPort>& plan) {
  for (const config::SniRoute& route : port.service->policy.sni->routes) {
    auto routed = std::make_shared<config::Service>(*port.service);
    routed->selector = route.selector;
    routed->policy.sni->routes = {route};
    plan.push_back({routed.get(), port.port, key_of_route(port.key, route), port.frontends, port.position, routed});
  }
}

}  // namespace

std::vector<PlannedPort> planned_ports(const config::Configuration& configuration,
                                       std::span<const proxy::IpAddress> node_addresses) {
  std::vector<PlannedPort> plan;
  std::set<proxy::ServiceKey> known;
  for (const config::Service& service : configuration.services) {
    if (!service.dialable()) {
      continue;
    }
    for (const config::ServicePort& port : service.ports) {
      proxy::ServiceKey key{service.metadata.ns, service.metadata.name, port.name, proxy::Protocol::kTcp};
      if (port.protocol == config::Protocol::kTcp && known.insert(key).second) {
        const auto position = static_cast<std::size_t>(&service - configuration.services.data());
        const PlannedPort planned{&service, &port, std::move(key), frontends_of(service, port, node_addresses),
                                  position};
        plan.push_back(planned);
        if (has_routes(service, port)) {
          plan_routes(planned, plan);
        }
      }
    }
  }
  return plan;
}

Place place_of(const config::Configuration& configuration, const std::string& told_zone) {
  Place here{configuration.ringway.node, configuration.ringway.zone};
  for (const config::Node& node : configuration.nodes) {
    const auto zone = node.metadata.labels.find("topology.kubernetes.io/zone");
    if (here.zone.empty() && node.metadata.name == here.node && zone != node.metadata.labels.end()) {
      here.zone = zone->second;
    }
  }
  if (here.zone.empty()) {
    here.zone = told_zone;
  }
  return here;
}

bool same_port(const proxy::ServiceKey& left, const proxy::ServiceKey& right) {
  return left.ns == right.ns && left.service == right.service && left.port == right.port &&
         left.protocol == right.protocol;
}

std::vector<PortRuntime::Front> planned_fronts(const PlannedPort& planned, const SlotTable& slots) {
  std::vector<PortRuntime::Front> fronts;
  for (const Frontend& frontend : planned.frontends) {
    const auto place = [&](const proxy::ServiceKey& key) {
      return static_cast<std::uint32_t>(slots.slot_of({key, frontend.id()}).value());
    };
    PortRuntime::Front front{frontend, place(planned.key), PortRuntime::shape(planned.key, *planned.service, frontend)};
    if (planned.routed != nullptr) {
      front.shape.listen.clear();
      proxy::ServiceKey port = planned.key;
      port.route.clear();
      front.shape.route_of = place(port);
    } else if (has_routes(*planned.service, *planned.port)) {
      const config::Sni& sni = *planned.service->policy.sni;
      auto routes = std::make_shared<proxy::SniRoutes>();
      routes->timeout = sni.timeout;
      routes->reject = sni.reject;
      for (const config::SniRoute& route : sni.routes) {
        routes->slots.push_back(place(key_of_route(planned.key, route)));
        for (const std::string& name : route.names) {
          routes->names.add(name, routes->slots.back());
        }
      }
      front.shape.sni = std::move(routes);
    }
    fronts.push_back(std::move(front));
  }
  return fronts;
}

std::vector<SlotKey> keys_of(const std::vector<PlannedPort>& plan) {
  std::vector<SlotKey> keys;
  keys.reserve(plan.size());
  for (const PlannedPort& planned : plan) {
    for (const Frontend& frontend : planned.frontends) {
      keys.push_back({planned.key, frontend.id()});
    }
  }
  return keys;
}

}  // namespace ringway::discovery
