#include "proxy/balance/choose.h"
#include "proxy/balance/interleave.h"
#include "proxy/balance/pickers.h"

namespace ringway::proxy {
namespace {

/// How far a retry follows the order before it takes the next endpoint by number.
constexpr std::size_t kSteps = 64;

class RoundRobin final : public Picker {
 public:
  explicit RoundRobin(const ServicePort& port) : port_(port), order_(interleaved(port.weights)) {}

  [[nodiscard]] EndpointState* pick(const PickContext& context) const override {
    if (port_.endpoints.empty()) {
      return nullptr;
    }
    // A retry takes the next one without moving the order: otherwise a dead endpoint would double its successor's
    // share.
    auto& cursor = cursor_of(port_);
    const auto turn =
        context.tried.empty() ? cursor.fetch_add(1, std::memory_order_relaxed) : cursor.load(std::memory_order_relaxed);
    if (order_.empty()) {
      return first_untried(port_.endpoints, turn % port_.endpoints.size(), context);
    }
    for (std::size_t step = 0; step < kSteps; ++step) {
      EndpointState* endpoint = port_.endpoints[order_[(turn + step) % order_.size()]].get();
      if (!was_tried(endpoint, context)) {
        return endpoint;
      }
    }
    return first_untried(port_.endpoints, turn % port_.endpoints.size(), context);
  }

 private:
  const ServicePort& port_;
  const std::vector<std::uint32_t> order_;  ///< empty where all weights are equal
};

}  // namespace

std::unique_ptr<const Picker> make_round_robin(const ServicePort& port) {
  return std::make_unique<RoundRobin>(port);
}

}  // namespace ringway::proxy
