#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/core/address.h"

namespace ringway::discovery {

/// What was drained by hand: a workload wherever it is, or the workload that has an address there alone. So one that
/// comes back at another address is drained still where its name was drained, and who inherits an address is free.
struct DrainMark {
  std::optional<proxy::SocketAddress> address;  ///< null: wherever `workload` is
  std::string workload;                         ///< as EndpointState has it; "" only beside an address

  auto operator<=>(const DrainMark&) const = default;
  /// `shop/web-1`, `10.0.0.1:8080`, or `10.0.0.1:8080 (shop/web-1)`.
  [[nodiscard]] std::string to_string() const;
};

/// Until when: `ringway drain`, and `ringway drain --persist`.
enum class DrainLifetime : std::uint8_t { kUntilRestart, kPersisted };

using DrainMarks = std::map<DrainMark, DrainLifetime>;

/// The lifetime of the drain of `workload` at `address`, the longer one of two; null where it is not drained.
[[nodiscard]] std::optional<DrainLifetime> drain_of(const DrainMarks& marks, const proxy::SocketAddress& address,
                                                    std::string_view workload);
/// Adds a mark. One that is persisted stays so.
void add_drain(DrainMarks& marks, DrainMark mark, DrainLifetime lifetime);
/// Those that survive a restart.
[[nodiscard]] DrainMarks persisted(const DrainMarks& marks);
/// `text` is the name of `workload`, with its namespace or without.
[[nodiscard]] bool names_workload(std::string_view text, std::string_view workload);

}  // namespace ringway::discovery
