#include "proxy/balance/pickers.h"
#include "proxy/balance/weighted_draw.h"

namespace ringway::proxy {
namespace {

class Random final : public Picker {
 public:
  explicit Random(const ServicePort& port) : draw_(port) {}

  [[nodiscard]] EndpointState* pick(const PickContext& context) const override { return draw_.untried(context); }

 private:
  const WeightedDraw draw_;
};

/// Both draws go by weight, and so does what decides between them: under load each endpoint has sessions by its weight,
/// and idle ones are picked by it, for of two equals the first stays.
class PowerOfTwo final : public Picker {
 public:
  explicit PowerOfTwo(const ServicePort& port) : port_(port), draw_(port) {}

  [[nodiscard]] EndpointState* pick(const PickContext& context) const override {
    WeightedDraw::Pair pair{};
    if (!draw_.untried_pair(context, pair)) {
      return nullptr;
    }
    EndpointState* first = port_.endpoints[pair.first].get();
    EndpointState* second = port_.endpoints[pair.second].get();
    return less_loaded(second->active.load(std::memory_order_relaxed), weight_of(port_, pair.second),
                       first->active.load(std::memory_order_relaxed), weight_of(port_, pair.first))
               ? second
               : first;
  }

 private:
  const ServicePort& port_;
  const WeightedDraw draw_;
};

}  // namespace

std::unique_ptr<const Picker> make_random(const ServicePort& port) {
  return std::make_unique<Random>(port);
}

std::unique_ptr<const Picker> make_power_of_two(const ServicePort& port) {
  return std::make_unique<PowerOfTwo>(port);
}

}  // namespace ringway::proxy
