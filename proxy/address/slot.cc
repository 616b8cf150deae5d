#include "proxy/address/slot.h"

#include <string>
#include <utility>

namespace ringway::proxy {

std::optional<Slot> Slot::claim(std::uint8_t number) {
  auto held = Claim::take("ringway-vip-" + std::to_string(number));
  return held ? std::optional(Slot(std::move(*held), number)) : std::nullopt;
}

std::optional<Slot> Slot::claim_lowest() {
  for (std::uint8_t number = 0; number < kCount; ++number) {
    if (auto slot = claim(number)) {
      return slot;
    }
  }
  return std::nullopt;
}

}  // namespace ringway::proxy
