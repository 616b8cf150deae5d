#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/balance/choose.h"
#include "proxy/balance/pickers.h"

namespace ringway::proxy {
namespace {

AffinityTarget target_of(const EndpointState& endpoint) {
  const std::uint64_t ip = std::hash<IpAddress>{}(endpoint.address.ip());
  return {.workload = scramble(ip ^ scramble(std::hash<std::string_view>{}(endpoint.workload))),
          .port = endpoint.address.port()};
}

class Affinity final : public Picker {
 public:
  Affinity(const ServicePort& port, std::unique_ptr<const Picker> otherwise)
      : port_(port), otherwise_(std::move(otherwise)) {
    for (const auto& endpoint : port.endpoints) {
      by_target_.emplace_back(target_of(*endpoint), endpoint.get());
    }
    std::ranges::sort(by_target_, {}, &Entry::first);
  }

  [[nodiscard]] bool wants_client() const override { return true; }

  [[nodiscard]] EndpointState* pick(const PickContext& context) const override {
    EndpointState* picked = remembered(context);
    if (picked == nullptr) {
      picked = otherwise_->pick(context);
    }
    if (picked != nullptr) {
      port_.affinity->set(context.client, target_of(*picked), context.now, port_.policy.affinity_timeout);
    }
    return picked;
  }

 private:
  using Entry = std::pair<AffinityTarget, EndpointState*>;

  [[nodiscard]] EndpointState* remembered(const PickContext& context) const {
    const auto target = port_.affinity->find(context.client, context.now, port_.policy.affinity_timeout);
    if (!target) {
      return nullptr;
    }
    auto found = std::ranges::lower_bound(by_target_, *target, {}, &Entry::first);
    if (found == by_target_.end() || found->first != *target) {
      // Another port of the Service: the workload's endpoint here has another number.
      found = std::ranges::lower_bound(by_target_, AffinityTarget{.workload = target->workload}, {}, &Entry::first);
    }
    const bool here = found != by_target_.end() && found->first.workload == target->workload;
    return here && std::ranges::find(context.tried, found->second) == context.tried.end() ? found->second : nullptr;
  }

  const ServicePort& port_;
  const std::unique_ptr<const Picker> otherwise_;
  std::vector<Entry> by_target_;
};

}  // namespace

std::unique_ptr<const Picker> make_affinity(const ServicePort& port, std::unique_ptr<const Picker> otherwise) {
  return std::make_unique<Affinity>(port, std::move(otherwise));
}

}  // namespace ringway::proxy
