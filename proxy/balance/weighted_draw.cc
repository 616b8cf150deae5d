#include "proxy/balance/weighted_draw.h"

#include <limits>
#include <numeric>

namespace ringway::proxy {
namespace {

/// Draws before a retry looks at every endpoint instead. Of two equal endpoints with one tried, one in 256 does.
constexpr int kDraws = 8;

/// A coin of 32 bits never falls on its last value for a place that is whole: the other is then the place itself.
constexpr std::uint32_t kWhole = std::numeric_limits<std::uint32_t>::max();

}  // namespace

WeightedDraw::WeightedDraw(const ServicePort& port) : port_(port) {
  const auto count = static_cast<std::uint32_t>(port.weights.size());
  if (count == 0) {
    return;
  }
  const double total = std::accumulate(port.weights.begin(), port.weights.end(), 0.0);
  std::vector<double> share(count);
  std::vector<std::uint32_t> poor;
  std::vector<std::uint32_t> rich;
  for (std::uint32_t place = 0; place < count; ++place) {
    share[place] = port.weights[place] * static_cast<double>(count) / total;
    (share[place] < 1 ? poor : rich).push_back(place);
  }
  table_.resize(count);
  while (!poor.empty() && !rich.empty()) {
    const std::uint32_t filled = poor.back();
    const std::uint32_t giver = rich.back();
    poor.pop_back();
    table_[filled] = {static_cast<std::uint32_t>(share[filled] * kWhole), giver};
    share[giver] -= 1 - share[filled];
    if (share[giver] < 1) {
      rich.pop_back();
      poor.push_back(giver);
    }
  }
  // What is left is whole but for rounding.
  for (const auto* left : {&poor, &rich}) {
    for (const std::uint32_t place : *left) {
      table_[place] = {kWhole, place};
    }
  }
}

std::size_t WeightedDraw::draw_untried(std::uint64_t random, const PickContext& context) const {
  for (int attempt = 0; attempt < kDraws; ++attempt) {
    const std::size_t drawn = draw(random);
    if (context.tried.empty() || !was_tried(port_.endpoints[drawn].get(), context)) {
      return drawn;
    }
    random = scramble(random);
  }
  // Heavy ones were tried: by weight among the others.
  std::uint64_t total = 0;
  for (std::size_t index = 0; index < port_.endpoints.size(); ++index) {
    total += was_tried(port_.endpoints[index].get(), context) ? 0 : weight_of(port_, index);
  }
  std::uint64_t skip = total == 0 ? 0 : random % total;
  for (std::size_t index = 0; index < port_.endpoints.size() && total > 0; ++index) {
    if (was_tried(port_.endpoints[index].get(), context)) {
      continue;
    }
    if (skip < weight_of(port_, index)) {
      return index;
    }
    skip -= weight_of(port_, index);
  }
  return port_.endpoints.size();
}

EndpointState* WeightedDraw::untried(const PickContext& context) const {
  const std::size_t drawn = port_.endpoints.empty() ? 0 : draw_untried(context.random, context);
  return drawn < port_.endpoints.size() ? port_.endpoints[drawn].get() : nullptr;
}

bool WeightedDraw::untried_pair(const PickContext& context, Pair& pair) const {
  const std::size_t count = port_.endpoints.size();
  pair.first = count == 0 ? 0 : draw_untried(context.random, context);
  pair.second = pair.first;
  if (pair.first >= count) {
    return false;
  }
  std::uint64_t random = scramble(context.random);
  for (int attempt = 0; attempt < kDraws && count > 1; ++attempt, random = scramble(random)) {
    // Equal ones are all as good: any but the first, at once.
    const std::size_t drawn =
        table_.empty() ? (pair.first + 1 + scaled_to(count - 1, static_cast<std::uint32_t>(random >> 32))) % count
                       : draw(random);
    if (drawn != pair.first && !was_tried(port_.endpoints[drawn].get(), context)) {
      pair.second = drawn;
      break;
    }
  }
  return true;
}

}  // namespace ringway::proxy
