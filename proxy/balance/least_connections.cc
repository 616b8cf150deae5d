#include "proxy/balance/choose.h"
#include "proxy/balance/interleave.h"
#include "proxy/balance/pickers.h"

namespace ringway::proxy {
namespace {

class LeastConnections final : public Picker {
 public:
  explicit LeastConnections(const ServicePort& port) : port_(port), order_(interleaved(port.weights)) {}

  [[nodiscard]] EndpointState* pick(const PickContext& context) const override {
    const std::size_t count = port_.endpoints.size();
    if (count == 0) {
      return nullptr;
    }
    const std::size_t turn = cursor_of(port_).fetch_add(1, std::memory_order_relaxed);
    const std::size_t start = order_.empty() ? turn % count : order_[turn % order_.size()];
    EndpointState* best = nullptr;
    std::uint32_t fewest = 0;
    std::uint32_t best_weight = 1;
    for (std::size_t step = 0; step < count; ++step) {
      const std::size_t index = start + step < count ? start + step : start + step - count;
      EndpointState* endpoint = port_.endpoints[index].get();
      const std::uint32_t active = endpoint->active.load(std::memory_order_relaxed);
      const std::uint32_t weight = weight_of(port_, index);
      if ((best == nullptr || less_loaded(active, weight, fewest, best_weight)) && !was_tried(endpoint, context)) {
        best = endpoint;
        fewest = active;
        best_weight = weight;
      }
    }
    return best;
  }

 private:
  const ServicePort& port_;
  const std::vector<std::uint32_t> order_;  ///< in which equals have their turn; empty where all weights are equal
};

}  // namespace

std::unique_ptr<const Picker> make_least_connections(const ServicePort& port) {
  return std::make_unique<LeastConnections>(port);
}

}  // namespace ringway::proxy
