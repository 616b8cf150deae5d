#include "proxy/balance/choose.h"
#include "proxy/balance/pickers.h"

namespace ringway::proxy {
namespace {

class First final : public Picker {
 public:
  explicit First(const ServicePort& port) : port_(port) {}

  [[nodiscard]] EndpointState* pick(const PickContext& context) const override {
    EndpointState* least = nullptr;
    std::uint32_t fewest = 0;
    for (const auto& endpoint : port_.endpoints) {
      if (was_tried(endpoint.get(), context)) {
        continue;
      }
      const std::uint32_t active = endpoint->active.load(std::memory_order_relaxed);
      if (port_.policy.first_limit == 0 || active < port_.policy.first_limit) {
        return endpoint.get();
      }
      if (least == nullptr || active < fewest) {
        least = endpoint.get();
        fewest = active;
      }
    }
    return least;
  }

 private:
  const ServicePort& port_;
};

}  // namespace

std::unique_ptr<const Picker> make_first(const ServicePort& port) {
  return std::make_unique<First>(port);
}

}  // namespace ringway::proxy
