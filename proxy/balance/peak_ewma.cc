#include "proxy/balance/choose.h"
#include "proxy/balance/pickers.h"
#include "proxy/balance/weighted_draw.h"

namespace ringway::proxy {
namespace {

/// What an endpoint that has sessions but never answered yet is taken to need: more than any that has. One that is
/// idle is tried at once (Finagle: `penalty`).
constexpr double kUnknown_us = 1e12;

class PeakEwmaPicker final : public Picker {
 public:
  explicit PeakEwmaPicker(const ServicePort& port) : port_(port), draw_(port) {}

  [[nodiscard]] EndpointState* pick(const PickContext& context) const override {
    WeightedDraw::Pair pair{};
    if (!draw_.untried_pair(context, pair)) {
      return nullptr;
    }
    return port_
        .endpoints[pair.first != pair.second && cost(pair.second, context.now) < cost(pair.first, context.now)
                       ? pair.second
                       : pair.first]
        .get();
  }

 private:
  [[nodiscard]] double cost(std::size_t index, Time now) const {
    const EndpointState& endpoint = *port_.endpoints[index];
    const auto active = static_cast<double>(endpoint.active.load(std::memory_order_relaxed));
    const bool unknown = endpoint.latency.latest() == 0 && active > 0;
    const double latency = unknown ? kUnknown_us : endpoint.latency.at(now, port_.policy.ewma_decay);
    return latency * (active + 1) / weight_of(port_, index);
  }

  const ServicePort& port_;
  const WeightedDraw draw_;
};

}  // namespace

std::unique_ptr<const Picker> make_peak_ewma(const ServicePort& port) {
  return std::make_unique<PeakEwmaPicker>(port);
}

}  // namespace ringway::proxy
