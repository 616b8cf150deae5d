#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

#include "discovery/port_runtime.h"

namespace ringway::discovery {
namespace {

EndpointCondition condition_of(const Endpoint& endpoint, bool is_leaving) {
  if (is_leaving || endpoint.about.terminating) {
    return EndpointCondition::kDraining;
  }
  if (endpoint.drained) {
    return EndpointCondition::kDrained;
  }
  if (!endpoint.about.ready) {
    return EndpointCondition::kNotReady;
  }
  if (endpoint.check && endpoint.up() != true) {
    return endpoint.up() == false ? EndpointCondition::kDown : EndpointCondition::kUnknown;
  }
  return endpoint.ejected ? EndpointCondition::kEjected : EndpointCondition::kReady;
}

std::string reason_of(const Endpoint& endpoint, EndpointCondition condition, bool is_leaving, proxy::Time now) {
  const auto said = [](const std::string& reason, const char* otherwise) {
    return reason.empty() ? std::string(otherwise) : reason;
  };
  switch (condition) {
    case EndpointCondition::kReady:
      if (endpoint.about.weight == 0) {
        return "weight 0: takes no new sessions";
      }
      return endpoint.in_reserve ? "in reserve: for what all of the preferred ones refuse" : "";
    case EndpointCondition::kNotReady:
      return said(endpoint.about.origin.get().reason, "not ready");
    case EndpointCondition::kUnknown:
      return said(endpoint.check->detail(), "no health check has ended yet");
    case EndpointCondition::kDown:
      return endpoint.check->detail();
    case EndpointCondition::kEjected: {
      const auto left = std::chrono::ceil<std::chrono::seconds>(endpoint.history->outlier.until - now);
      return "ejected for " + std::to_string(std::max<std::int64_t>(left.count(), 0)) +
             " s more: " + endpoint.history->outlier.detail;
    }
    case EndpointCondition::kDrained:
      return *endpoint.drained == DrainLifetime::kPersisted ? "drained by hand (persisted)" : "drained by hand";
    case EndpointCondition::kDraining:
      break;
  }
  if (is_leaving) {
    return "gone, or not selected any more";
  }
  return endpoint.published ? "terminating, used for want of a ready one" : "terminating";
}

}  // namespace

std::string_view to_string(EndpointCondition condition) {
  switch (condition) {
    case EndpointCondition::kReady:
      return "ready";
    case EndpointCondition::kNotReady:
      return "notReady";
    case EndpointCondition::kUnknown:
      return "unknown";
    case EndpointCondition::kDown:
      return "down";
    case EndpointCondition::kEjected:
      return "ejected";
    case EndpointCondition::kDrained:
      return "drained";
    case EndpointCondition::kDraining:
      return "draining";
  }
  return "";
}

std::string_view to_string(Reach reach) {
  switch (reach) {
    case Reach::kAnywhere:
      return "anywhere";
    case Reach::kSameZone:
      return "sameZone";
    case Reach::kSameNode:
      return "sameNode";
  }
  return "";
}

EndpointView PortRuntime::view_of(const Endpoint& endpoint, bool is_leaving, proxy::Time now) const {
  EndpointView view;
  view.state = endpoint.state;
  view.source = endpoint.about.origin.get().source;
  view.node = endpoint.about.place.get().node;
  view.zone = endpoint.about.place.get().zone;
  view.condition = condition_of(endpoint, is_leaving);
  view.reason = reason_of(endpoint, view.condition, is_leaving, now);
  if (view.reason.empty() && !is_leaving) {
    view.reason = bounds_of(endpoint);
  }
  if (endpoint.deadline <= now && drain_end_ == config::DrainEnd::kKeep) {
    view.reason += "; drain.timeout is over, its sessions are kept";
  }
  view.weight = endpoint.about.weight;
  view.tier = endpoint.about.tier;
  view.usable = endpoint.published && !endpoint.in_reserve;
  view.in_reserve = endpoint.in_reserve;
  if (endpoint.history) {
    view.ejections = endpoint.history->outlier.ejections;
  }
  view.check = endpoint.check ? endpoint.check->current.get() : nullptr;
  return view;
}

ServicePortView PortRuntime::summary() const {
  ServicePortView view;
  view.key = std::shared_ptr<const proxy::ServiceKey>(identity_, &identity_->key);
  view.configured = port_;
  for (const Front& front : fronts_) {
    view.frontends.push_back({.frontend = front.frontend, .running = front.running});
  }
  view.running = fronts_.empty() ? nullptr : fronts_.front().running;
  view.tier = tier_;
  view.wanted = wanted_;
  view.reach = reach_;
  return view;
}

ServicePortView PortRuntime::view(proxy::Time now) const {
  ServicePortView view = summary();
  for (const auto& endpoint : endpoints_) {
    view.endpoints.push_back(view_of(*endpoint, false, now));
  }
  for (const auto& endpoint : unresolved_) {
    view.endpoints.push_back(view_of(*endpoint, false, now));
  }
  for (const auto& endpoint : leaving_) {
    view.endpoints.push_back(view_of(*endpoint, true, now));
  }
  std::ranges::stable_sort(view.endpoints, {}, [](const EndpointView& one) { return one.state->address; });
  return view;
}

std::vector<EndpointView> PortRuntime::endpoints_after(const std::optional<proxy::SocketAddress>& after,
                                                       std::size_t limit, proxy::Time now) const {
  struct Found {
    const Endpoint* endpoint;
    bool is_leaving;
    [[nodiscard]] const proxy::SocketAddress& address() const { return endpoint->state->address; }
  };
  std::vector<Found> found;
  const auto address_of = [](const auto& endpoint) -> const proxy::SocketAddress& { return endpoint->state->address; };
  auto place = after ? std::ranges::upper_bound(endpoints_, *after, {}, address_of) : endpoints_.begin();
  for (; place != endpoints_.end() && found.size() < limit; ++place) {
    found.push_back({place->get(), false});
  }
  const auto add = [&](const auto& endpoint, bool is_leaving) {
    if (!after || address_of(endpoint) > *after) {
      found.push_back({endpoint.get(), is_leaving});
    }
  };
  std::ranges::for_each(unresolved_, [&](const auto& one) { add(one, false); });
  std::ranges::for_each(leaving_, [&](const auto& one) { add(one, true); });
  std::ranges::stable_sort(found, {}, &Found::address);
  auto end = found.begin() + static_cast<std::ptrdiff_t>(std::min(found.size(), limit));
  while (end != found.begin() && end != found.end() && end->address() == std::prev(end)->address()) {
    ++end;
  }
  found.erase(end, found.end());
  std::vector<EndpointView> views;
  views.reserve(found.size());
  for (const Found& one : found) {
    views.push_back(view_of(*one.endpoint, one.is_leaving, now));
  }
  return views;
}

void PortRuntime::add_to(ServicePortView& into, proxy::Time now) const {
  ServicePortView own = view(now);
  if (configured()) {
    RouteView& route = into.routes.emplace_back();
    route.name = key().route;
    route.service = service_;
    route.running = own.running;
    route.tier = tier_;
    route.usable = static_cast<std::size_t>(std::ranges::count_if(own.endpoints, &EndpointView::usable));
    route.total = own.endpoints.size() - static_cast<std::size_t>(std::ranges::count(
                                             own.endpoints, EndpointCondition::kDraining, &EndpointView::condition));
  }
  std::ranges::move(own.endpoints, std::back_inserter(into.endpoints));
}

}  // namespace ringway::discovery
