#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "discovery/port_runtime.h"

// What time and the outcome of sessions make of a port's endpoints: ejection and slow start.
namespace ringway::discovery {
namespace {

/// A slow start goes up in so many steps, the first of which is where it begins.
constexpr int kSlowSteps = 10;

bool moves_clients(config::Balancer balancer) {
  return balancer == config::Balancer::kSourceHash || balancer == config::Balancer::kFirst;
}

}  // namespace

bool PortRuntime::find_outliers(bool seen, proxy::Time now) {
  if (!configured() || !service_->policy.outliers || (!seen && !outliers_.watching())) {
    return false;
  }
  std::vector<Suspect> suspects;
  std::vector<Endpoint*> endpoints;
  for (const auto& endpoint : endpoints_) {
    if (endpoint->ready()) {
      suspects.push_back({.state = endpoint->state.get(),
                          .record = &endpoint->remember().outlier,
                          .healthy = endpoint->passes_check()});
      endpoints.push_back(endpoint.get());
    }
  }
  if (!outliers_.look(suspects, *service_->policy.outliers, seen, now)) {
    return false;
  }
  for (const Endpoint* endpoint : endpoints) {
    if (endpoint->is_out(now) && !endpoint->ejected) {
      const auto lasts = std::chrono::round<std::chrono::seconds>(endpoint->history->outlier.until - now);
      environment_.output.say(
          "service " + key().to_string() + ": endpoint " + endpoint->state->address.to_string() +
          (endpoint->state->workload.empty() ? "" : " (" + std::string(endpoint->state->workload) + ")") +
          " ejected for " + std::to_string(lasts.count()) + " s: " + endpoint->history->outlier.detail);
    }
  }
  return true;
}

// Before who may be picked is decided: who is well now, since when, and when that changes by itself.
void PortRuntime::note_well(proxy::Time now) {
  next_turn_ = proxy::Time::max();
  const proxy::Duration slow = service_->policy.slow_start;
  for (const auto& entry : endpoints_) {
    Endpoint& endpoint = *entry;
    endpoint.ejected = service_->policy.outliers && endpoint.is_out(now);
    if (endpoint.ejected) {
      next_turn_ = std::min(next_turn_, endpoint.history->outlier.until);
    }
    const bool well = endpoint.ready() && !endpoint.ejected && endpoint.passes_check();
    const bool joins = well && !endpoint.well;
    endpoint.well = well;
    if (joins && slow.count() > 0) {
      endpoint.remember().joined = now;
    }
    if (starts_slowly(endpoint, now)) {
      const auto step = slow / kSlowSteps;
      const proxy::Time joined = endpoint.history->joined;
      next_turn_ = std::min(next_turn_, joined + ((now - joined) / step + 1) * step);
    }
  }
}

bool PortRuntime::starts_slowly(const Endpoint& endpoint, proxy::Time now) const {
  const proxy::Duration slow = service_->policy.slow_start;
  return slow.count() > 0 && endpoint.well && endpoint.history && now < endpoint.history->joined + slow;
}

double PortRuntime::share_of(const Endpoint& endpoint, proxy::Time now) const {
  if (!starts_slowly(endpoint, now) || moves_clients(service_->policy.balancer)) {
    return 1;
  }
  const auto steps = (now - endpoint.history->joined) / (service_->policy.slow_start / kSlowSteps);
  return static_cast<double>(std::max<std::int64_t>(steps, 1)) / kSlowSteps;
}

}  // namespace ringway::discovery
