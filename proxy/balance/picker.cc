#include "proxy/balance/picker.h"

#include <algorithm>
#include <limits>

namespace ringway::proxy {
namespace {

bool was_tried(const EndpointState* endpoint, const PickContext& context) {
  return std::ranges::find(context.tried, endpoint) != context.tried.end();
}

/// The first endpoint from `start` on, around the circle, that was not tried.
EndpointState* first_untried(const ServicePort& port, std::size_t start, const PickContext& context) {
  const std::size_t count = port.endpoints.size();
  for (std::size_t step = 0; step < count; ++step) {
    EndpointState* endpoint = port.endpoints[(start + step) % count].get();
    if (!was_tried(endpoint, context)) {
      return endpoint;
    }
  }
  return nullptr;
}

/// One after the other, in one order for all workers.
class RoundRobin final : public Picker {
 public:
  explicit RoundRobin(const ServicePort& port) : port_(port) {}

  [[nodiscard]] EndpointState* pick(const PickContext& context) const override {
    if (port_.endpoints.empty()) {
      return nullptr;
    }
    // A retry takes the next one without moving the order: otherwise a dead endpoint would double its successor's
    // share.
    const auto turn = context.tried.empty() ? port_.stats->round_robin_cursor.fetch_add(1, std::memory_order_relaxed)
                                            : port_.stats->round_robin_cursor.load(std::memory_order_relaxed);
    return first_untried(port_, turn % port_.endpoints.size(), context);
  }

 private:
  const ServicePort& port_;
};

class Random final : public Picker {
 public:
  explicit Random(const ServicePort& port) : port_(port) {}

  [[nodiscard]] EndpointState* pick(const PickContext& context) const override {
    const std::size_t count = port_.endpoints.size();
    const auto untried = static_cast<std::size_t>(std::ranges::count_if(
        port_.endpoints, [&](const auto& endpoint) { return !was_tried(endpoint.get(), context); }));
    if (untried == 0) {
      return nullptr;
    }
    std::size_t skip = context.random % untried;
    for (std::size_t index = 0; index < count; ++index) {
      EndpointState* endpoint = port_.endpoints[index].get();
      if (!was_tried(endpoint, context) && skip-- == 0) {
        return endpoint;
      }
    }
    return nullptr;
  }

 private:
  const ServicePort& port_;
};

/// The endpoint with the fewest sessions over all workers; among equals the next in turn, so that idle endpoints share.
class LeastConnections final : public Picker {
 public:
  explicit LeastConnections(const ServicePort& port) : port_(port) {}

  [[nodiscard]] EndpointState* pick(const PickContext& context) const override {
    const std::size_t count = port_.endpoints.size();
    if (count == 0) {
      return nullptr;
    }
    const std::size_t start = port_.stats->round_robin_cursor.fetch_add(1, std::memory_order_relaxed) % count;
    EndpointState* best = nullptr;
    std::uint32_t fewest = std::numeric_limits<std::uint32_t>::max();
    for (std::size_t step = 0; step < count; ++step) {
      EndpointState* endpoint = port_.endpoints[(start + step) % count].get();
      const std::uint32_t active = endpoint->active.load(std::memory_order_relaxed);
      if (active < fewest && !was_tried(endpoint, context)) {
        best = endpoint;
        fewest = active;
      }
    }
    return best;
  }

 private:
  const ServicePort& port_;
};

}  // namespace

std::unique_ptr<const Picker> make_picker(const ServicePort& port) {
  switch (port.policy.balancer) {
    case Balancer::kRoundRobin:
      return std::make_unique<RoundRobin>(port);
    case Balancer::kRandom:
      return std::make_unique<Random>(port);
    case Balancer::kLeastConnections:
      break;
  }
  return std::make_unique<LeastConnections>(port);
}

}  // namespace ringway::proxy
