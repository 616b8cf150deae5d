#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "daemon/log.h"
#include "daemon/supervisor_impl.h"
#include "proxy/address/node_addresses.h"

namespace ringway::daemon {

namespace {

/// How often the machine's addresses are looked at, for node ports follow them.
constexpr std::chrono::seconds kNodeLook{10};

bool has_node_port(const config::Service& service) {
  return service.health_check_node_port != 0 ||
         std::ranges::any_of(service.ports, [](const auto& port) { return port.node_port != 0; });
}

}  // namespace

/// None where nothing can have a node port. What they were where the kernel does not say.
std::vector<proxy::IpAddress> Supervisor::Impl::find_node_addresses(const config::Configuration& configuration) {
  node_looked_at_ = clock_.now();
  const config::Ringway& ringway = configuration.ringway;
  if (!ringway.kubernetes && std::ranges::none_of(configuration.services, has_node_port)) {
    return {};
  }
  const auto found = proxy::node_addresses({.primary = ringway.node_port_primary, .networks = ringway.node_port_ranges},
                                           data_plane_->added_virtual_ips());
  if (!found) {
    log::warn("the addresses of this machine, for node ports: " + found.error().context);
    return node_addresses_;
  }
  return *found;
}

void Supervisor::Impl::learn_node_addresses(const config::Configuration& configuration) {
  node_addresses_ = find_node_addresses(configuration);
  reconciler_->set_node_addresses(node_addresses_);
}

void Supervisor::Impl::look_at_node() {
  if (clock_.now() - node_looked_at_ >= kNodeLook && !stopping_) {
    follow_node();
  }
}

void Supervisor::Impl::follow_node() {
  auto found = find_node_addresses(*configuration_);
  if (found == node_addresses_) {
    follow_health_ports();
    return;
  }
  reconciler_->set_node_addresses(found);
  if (const auto bound = data_plane_->bind(*reconciler_->preview(*configuration_)); !bound) {
    reconciler_->set_node_addresses(node_addresses_);
    if (bound.error().context != std::exchange(node_problem_, bound.error().context)) {
      log::warn("node ports stay on the addresses of before: " + node_problem_);
    }
    return;
  }
  node_addresses_ = std::move(found);
  node_problem_.clear();
  std::string all;
  for (const proxy::IpAddress& ip : node_addresses_) {
    all += " " + ip.to_string();
  }
  log::info("node ports listen on" + (all.empty() ? " nothing" : all));
  configure_merged();
  publish();
}

void Supervisor::Impl::follow_health_ports() {
  std::map<proxy::SocketAddress, HealthPorts::Name> wanted;
  for (const config::Service& service : configuration_->services) {
    if (service.health_check_node_port != 0) {
      for (const proxy::IpAddress& ip : node_addresses_) {
        wanted.emplace(proxy::SocketAddress(ip, service.health_check_node_port),
                       HealthPorts::Name{service.metadata.ns, service.metadata.name});
      }
    }
  }
  if (health_ports_ == nullptr && wanted.empty()) {
    return;
  }
  if (health_ports_ == nullptr) {
    health_ports_ = std::make_unique<HealthPorts>(context_.get_executor(),
                                                  [this](const HealthPorts::Name& name) { return health_of(name); });
  }
  std::set<std::string> problems;
  for (std::string& line : health_ports_->follow(wanted)) {
    if (!health_port_problems_.contains(line)) {
      log::warn(line + "; tried again every " + std::to_string(kNodeLook.count()) + " s");
    }
    problems.insert(std::move(line));
  }
  health_port_problems_ = std::move(problems);
}

/// Each address counts once, whatever ports it is behind; kube-proxy asks its readiness alone, here its health counts.
HealthPorts::State Supervisor::Impl::health_of(const HealthPorts::Name& name) const {
  std::set<proxy::IpAddress> here;
  for (const config::Service& service : configuration_->services) {
    if (service.metadata.ns != name.ns || service.metadata.name != name.service) {
      continue;
    }
    for (const config::ServicePort& port : service.ports) {
      for (const auto& endpoint : reconciler_->endpoints({name.ns, name.service, port.name, proxy::Protocol::kTcp})) {
        if (endpoint.node == configuration_->ringway.node && endpoint.usable &&
            endpoint.condition == discovery::EndpointCondition::kReady) {
          here.insert(endpoint.state->address.ip());
        }
      }
    }
  }
  return {.local_endpoints = here.size(), .serving = !stopping_};
}

}  // namespace ringway::daemon
