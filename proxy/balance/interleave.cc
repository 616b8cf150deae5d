#include "proxy/balance/interleave.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ringway::proxy {
namespace {

/// Multiples of it leave even gaps however many there are (Weyl), so that indices of equal weight do not fall together.
constexpr double kGoldenRatio = 0.6180339887498949;

struct Slot {
  double at;  ///< 0 to 1, once around
  std::uint32_t index;
};

}  // namespace

std::vector<std::uint32_t> interleaved(std::span<const std::uint16_t> weights) {
  std::uint64_t total = 0;
  std::uint64_t divisor = 0;
  for (const std::uint16_t weight : weights) {
    total += weight;
    divisor = std::gcd(divisor, std::uint64_t{weight});
  }
  if (total == 0) {
    return {};
  }
  const std::uint64_t most = std::max<std::uint64_t>(kInterleaved, weights.size());
  const double scale = total / divisor <= most ? 1.0 / static_cast<double>(divisor)
                                               : static_cast<double>(most) / static_cast<double>(total);
  std::vector<Slot> slots;
  slots.reserve(std::min(total / divisor, most + weights.size()));
  for (std::uint32_t index = 0; index < weights.size(); ++index) {
    const auto count = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(weights[index] * scale)));
    const double phase = std::fmod((index + 1) * kGoldenRatio, 1.0);
    for (std::uint64_t slot = 0; slot < count; ++slot) {
      slots.push_back({(static_cast<double>(slot) + phase) / static_cast<double>(count), index});
    }
  }
  std::ranges::sort(slots, {}, &Slot::at);
  std::vector<std::uint32_t> order(slots.size());
  std::ranges::transform(slots, order.begin(), &Slot::index);
  return order;
}

}  // namespace ringway::proxy
