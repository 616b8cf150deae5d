#include "proxy/balance/picker.h"

#include <utility>

#include "proxy/balance/choose.h"
#include "proxy/balance/pickers.h"

namespace ringway::proxy {
namespace {

std::unique_ptr<const Picker> make_algorithm(const ServicePort& port) {
  switch (port.policy.balancer) {
    case Balancer::kRoundRobin:
      return make_round_robin(port);
    case Balancer::kLeastConnections:
      return make_least_connections(port);
    case Balancer::kRandom:
      return make_random(port);
    case Balancer::kSourceHash:
      return make_source_hash(port);
    case Balancer::kPeakEwma:
      return make_peak_ewma(port);
    case Balancer::kFirst:
      return make_first(port);
    case Balancer::kPowerOfTwo:
      break;
  }
  return make_power_of_two(port);
}

/// Goes on to lower tiers and farther places where all the preferred endpoints have failed a session.
class WithReserves final : public Picker {
 public:
  WithReserves(const ServicePort& port, std::unique_ptr<const Picker> preferred)
      : port_(port), preferred_(std::move(preferred)) {}

  [[nodiscard]] bool wants_client() const override { return preferred_->wants_client(); }

  [[nodiscard]] EndpointState* pick(const PickContext& context) const override {
    EndpointState* picked = preferred_->pick(context);
    for (std::size_t group = 0; picked == nullptr && group < port_.reserves.size(); ++group) {
      picked = any_untried(port_.reserves[group], context);
    }
    return picked;
  }

 private:
  const ServicePort& port_;
  const std::unique_ptr<const Picker> preferred_;
};

}  // namespace

std::unique_ptr<const Picker> make_picker(const ServicePort& port) {
  auto picker = make_algorithm(port);
  if (!port.reserves.empty()) {
    picker = std::make_unique<WithReserves>(port, std::move(picker));
  }
  return port.affinity == nullptr ? std::move(picker) : make_affinity(port, std::move(picker));
}

}  // namespace ringway::proxy
