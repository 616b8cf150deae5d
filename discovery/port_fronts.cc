#include <algorithm>
#include <string>
#include <utility>

#include "discovery/port_runtime.h"

// The frontends of a port: which endpoints each reaches, and what runs for it.
namespace ringway::discovery {

bool PortRuntime::reaches(const Frontend& frontend, const Endpoint& endpoint) const {
  const bool v6 = endpoint.state->address.ip().is_v6();
  return (frontend.family == Family::kAny || v6 == (frontend.family == Family::kV6)) &&
         (!frontend.local || is_on(endpoint.about, environment_.here));
}

bool PortRuntime::out_of_bounds(const Endpoint& endpoint) const {
  return !fronts_.empty() &&
         std::ranges::none_of(fronts_, [&](const Front& front) { return reaches(front.frontend, endpoint); });
}

std::string PortRuntime::bounds_of(const Endpoint& endpoint) const {
  const bool out = out_of_bounds(endpoint);
  const bool part = std::ranges::any_of(fronts_, [&](const Front& front) {
    Frontend anywhere = front.frontend;
    anywhere.local = false;
    return reaches(anywhere, endpoint) && !reaches(front.frontend, endpoint);
  });
  if (!out && !part) {
    return "";
  }
  const std::string& node = endpoint.about.place.get().node;
  const std::string where = node.empty() ? "on no known node" : "on node " + node;
  const std::string policy = service_->internal_local ? "internalTrafficPolicy" : "externalTrafficPolicy";
  return out ? where + ", and " + policy + " is Local" : where + ": not for all clients, " + policy + " is Local";
}

std::shared_ptr<const proxy::ServicePort> PortRuntime::running(const Frontend& frontend) const {
  const auto found = std::ranges::find(fronts_, frontend.id(), [](const Front& one) { return one.frontend.id(); });
  return found == fronts_.end() ? nullptr : found->running;
}

bool PortRuntime::run(Front& front, Choice choice) const {
  const auto& running = front.running;
  if (running && same_shape(*running, front.shape) && running->endpoints == choice.endpoints &&
      running->weights == choice.weights && running->reserves == choice.reserves && running->panic == choice.panic &&
      running->silent == choice.silent) {
    return false;
  }
  auto next = std::make_shared<proxy::ServicePort>(front.shape);
  next->endpoints = std::move(choice.endpoints);
  next->weights = std::move(choice.weights);
  next->reserves = std::move(choice.reserves);
  next->panic = choice.panic;
  next->silent = choice.silent;
  next->stats = stats();
  front.running = std::move(next);
  return true;
}

}  // namespace ringway::discovery
