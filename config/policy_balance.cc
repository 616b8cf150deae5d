#include <optional>
#include <utility>
#include <vector>

#include "config/keys.h"
#include "config/policy.h"

namespace ringway::config {
namespace {

constexpr milliseconds kMinDecay{10};
constexpr milliseconds kMaxDecay = std::chrono::hours(1);
constexpr std::int64_t kMaxConnections = 1'000'000;
/// Every workload is held against each, at each of its changes.
constexpr std::size_t kMaxWeightRules = 64;
constexpr std::size_t kMaxTiers = 16;

std::optional<Selector> needed_selector(const Cursor& entry) {
  const Cursor selector = entry["selector"];
  if (!selector.present()) {
    entry.fail("a selector is needed, like \"release=canary\"");
  }
  return decode_selector(selector);
}

std::vector<WeightRule> decode_weights(const Cursor& weights) {
  std::vector<WeightRule> rules;
  for (const Cursor& entry : weights.list(kMaxWeightRules)) {
    if (!entry.is_map()) {
      entry.fail("a mapping with a selector is needed");
      continue;
    }
    entry.allow_only(kWeightKeys);
    auto selector = needed_selector(entry);
    const Cursor at = entry["weight"];
    const auto weight = at.integer(0, discovery::kMaxWeight);
    if (!at.present()) {
      entry.fail("a weight from 0 to 1000 is needed");
    }
    if (selector && weight) {
      rules.push_back({std::move(*selector), static_cast<std::uint16_t>(*weight)});
    }
  }
  return rules;
}

std::vector<Selector> decode_tiers(const Cursor& tiers) {
  std::vector<Selector> selectors;
  for (const Cursor& entry : tiers.list(kMaxTiers)) {
    if (!entry.is_map()) {
      entry.fail("a mapping with a selector is needed");
      continue;
    }
    entry.allow_only(kTierKeys);
    if (auto selector = needed_selector(entry)) {
      selectors.push_back(std::move(*selector));
    }
  }
  return selectors;
}

}  // namespace

void decode_balancing(const Cursor& policy, PolicyPatch& patch) {
  patch.balancer = policy["balancer"].one_of<Balancer>({{"powerOfTwo", Balancer::kPowerOfTwo},
                                                        {"leastConnections", Balancer::kLeastConnections},
                                                        {"roundRobin", Balancer::kRoundRobin},
                                                        {"random", Balancer::kRandom},
                                                        {"sourceHash", Balancer::kSourceHash},
                                                        {"peakEwma", Balancer::kPeakEwma},
                                                        {"first", Balancer::kFirst}});
  const Cursor ewma = policy["peakEwma"];
  ewma.allow_only(kPeakEwmaKeys);
  patch.ewma_decay = ewma["decay"].duration(kMinDecay, kMaxDecay);
  const Cursor first = policy["first"];
  first.allow_only(kFirstKeys);
  patch.first_limit = first["maxConnections"].integer(0, kMaxConnections);
  if (const Cursor weights = policy["weights"]; weights.present()) {
    patch.weights = decode_weights(weights);
  }
  if (const Cursor tiers = policy["tiers"]; tiers.present()) {
    patch.tiers = decode_tiers(tiers);
  }
  const Cursor locality = policy["locality"];
  locality.allow_only(kLocalityKeys);
  patch.prefer = locality["prefer"].one_of<Prefer>(
      {{"none", Prefer::kNone}, {"sameZone", Prefer::kSameZone}, {"sameNode", Prefer::kSameNode}});
  patch.min_healthy = locality["minHealthy"].number(0, 1);
}

}  // namespace ringway::config
