#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "proxy/core/snapshot.h"

namespace ringway::proxy {

/// What whoever connects to a port gets.
enum class Answer : std::uint8_t {
  kServes,   ///< somebody may be there: behind the port itself, or behind one of its routes
  kRefuses,  ///< RST at once
  kDrops,    ///< nothing, for those who could be there are on other nodes (ServicePort::silent)
};

[[nodiscard]] constexpr std::string_view to_string(Answer answer) {
  constexpr std::array<std::string_view, 3> kNames = {"serves", "refuses", "drops"};
  return kNames[static_cast<std::size_t>(answer)];
}

/// That of `port`, whose routes stand in `ports`: the port's own endpoints count unless who takes no route is rejected.
[[nodiscard]] Answer answer_of(const ServicePort& port, const SharedVector<std::shared_ptr<const ServicePort>>& ports);

}  // namespace ringway::proxy
