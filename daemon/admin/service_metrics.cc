#include "daemon/admin/service_metrics.h"

#include "daemon/admin/service_families.h"

namespace ringway::daemon {

namespace {

using discovery::EndpointCondition;
using Of = PortFamily::Of;

/// What one step looks at, at most: of a port come up to some 30 lines, of an endpoint one or two. A table of a Service
/// with all the clients that it can hold is looked at alone.
constexpr std::size_t kPortsInStep = 8;
constexpr std::size_t kEndpointsInStep = 128;

MetricLabels labels_of(const proxy::ServiceKey& key) {
  return {{"namespace", key.ns},
          {"service", key.service},
          {"port", key.port},
          {"protocol", std::string(proxy::to_string(key.protocol))}};
}

bool concerns(Of of, bool is_route) {
  return of == Of::kBoth || (of == Of::kRoute) == is_route;
}

}  // namespace

ServiceMetrics::ServiceMetrics(const Board& board) : board_(board), present_(endpoint_families().size()) {
  begin_family();
}

bool ServiceMetrics::step(std::string& text) {
  if (phase_ == Phase::kDone) {
    return false;
  }
  const bool more = phase_ == Phase::kPorts ? look_at_ports() : look_at_endpoints();
  family_->write(text);
  if (!more) {
    next_family();
  }
  return phase_ != Phase::kDone;
}

void ServiceMetrics::begin_family() {
  place_.reset();
  service_.reset();
  if (phase_ == Phase::kPorts) {
    const PortFamily& family = port_families()[number_];
    family_.emplace(family.name, family.help, family.type);
  } else if (phase_ == Phase::kStates) {
    family_ = gauges("ringway_endpoints", "Endpoints by state.");
  } else if (phase_ == Phase::kEndpoints) {
    const EndpointFamily& family = endpoint_families()[number_];
    family_.emplace(family.name, family.help, family.type);
  }
}

void ServiceMetrics::next_family() {
  ++number_;
  if (phase_ == Phase::kPorts && number_ == port_families().size()) {
    phase_ = Phase::kStates;
  } else if (phase_ == Phase::kStates) {
    phase_ = Phase::kEndpoints;
    number_ = 0;
  } else if (phase_ == Phase::kEndpoints) {
    // The first went over all endpoints, so what none of them has need not be looked for.
    while (number_ < present_.size() && endpoint_families()[number_].has != nullptr && !present_[number_]) {
      ++number_;
    }
    phase_ = number_ == present_.size() ? Phase::kDone : phase_;
  }
  begin_family();
}

bool ServiceMetrics::look_at_ports() {
  const std::size_t limit = port_families()[number_].of == Of::kService ? 1 : kPortsInStep;
  const auto views = board_.ports_after(place_ ? &*place_ : nullptr, limit);
  for (const discovery::ServicePortView& view : views) {
    add_port(view);
  }
  if (!views.empty()) {
    place_ = *views.back().key;
  }
  return !views.empty();
}

void ServiceMetrics::add_port(const discovery::ServicePortView& view) {
  const PortFamily& family = port_families()[number_];
  const proxy::ServiceKey& key = *view.key;
  const bool is_route = !key.route.empty();
  if (family.of == Of::kService) {
    std::pair service(key.ns, key.service);
    if (!is_route && service != service_) {
      family.add(*family_, {{"namespace", key.ns}, {"service", key.service}}, view);
      service_ = std::move(service);
    }
    return;
  }
  if (!concerns(family.of, is_route) || (is_route && (view.running == nullptr || view.running->route == nullptr))) {
    return;
  }
  MetricLabels labels = labels_of(key);
  if (is_route) {
    labels.push_back({"route", key.route});
  }
  family.add(*family_, labels, view);
}

bool ServiceMetrics::look_at_endpoints() {
  std::size_t ports = 0;
  for (std::size_t seen = 0; seen < kEndpointsInStep && ports < kPortsInStep;) {
    if (keys_.empty() && !read_keys()) {
      end_states();
      return false;
    }
    const proxy::ServiceKey& key = *keys_.front();
    if (!address_ && phase_ == Phase::kStates && key.route.empty()) {
      end_states();
      begin_states(key);
    }
    const auto views = board_.endpoints_after(key, address_, kEndpointsInStep);
    add_endpoints(views);
    seen += views.size();
    if (views.size() < kEndpointsInStep) {
      keys_.pop_front();
      address_.reset();
      ++ports;
    } else {
      address_ = views.back().state->address;
    }
  }
  return true;
}

bool ServiceMetrics::read_keys() {
  for (const auto& view : board_.ports_after(place_ ? &*place_ : nullptr, kPortsInStep)) {
    keys_.push_back(view.key);
    place_ = *view.key;
  }
  return !keys_.empty();
}

void ServiceMetrics::add_endpoints(std::span<const discovery::EndpointView> views) {
  if (phase_ == Phase::kStates) {
    for (const auto& view : views) {
      ++conditions_.at(static_cast<std::size_t>(view.condition));
    }
    return;
  }
  const auto families = endpoint_families();
  MetricLabels labels = labels_of(*keys_.front());
  const std::size_t address = labels.size();
  labels.push_back({"endpoint", ""});
  if (!keys_.front()->route.empty()) {
    // One address may be an endpoint of several routes.
    labels.push_back({"route", keys_.front()->route});
  }
  const discovery::EndpointView* before = nullptr;
  for (const auto& view : views) {
    // One that leaves may have the address of another that is there: a series stands once.
    if (before != nullptr && before->state->address == view.state->address) {
      continue;
    }
    before = &view;
    for (std::size_t i = 0; number_ == 0 && i < families.size(); ++i) {
      present_[i] = present_[i] || (families[i].has != nullptr && families[i].has(view));
    }
    if (families[number_].has == nullptr || families[number_].has(view)) {
      labels[address].value = view.state->address.to_string();
      families[number_].add(*family_, labels, view);
    }
  }
}

void ServiceMetrics::begin_states(const proxy::ServiceKey& key) {
  port_labels_ = labels_of(key);
  conditions_.fill(0);
}

void ServiceMetrics::end_states() {
  for (std::size_t i = 0; port_labels_ && i < conditions_.size(); ++i) {
    family_->sample(*port_labels_, {{"state", to_string(static_cast<EndpointCondition>(i))}},
                    static_cast<double>(conditions_.at(i)));
  }
  port_labels_.reset();
}

}  // namespace ringway::daemon
