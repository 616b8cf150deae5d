#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/balance/choose.h"

namespace ringway::proxy {

/// Draws endpoints by weight in constant time: an alias table (Walker 1977; Vose, A Linear Algorithm for Generating
/// Random Numbers with a Given Distribution, 1991). Equal weights need no table.
class WeightedDraw {
 public:
  explicit WeightedDraw(const ServicePort& port);

  /// An index into `port.endpoints`, of which there must be one.
  [[nodiscard]] std::size_t draw(std::uint64_t random) const {
    const std::size_t place = scaled_to(port_.endpoints.size(), static_cast<std::uint32_t>(random >> 32));
    if (table_.empty() || static_cast<std::uint32_t>(random) < table_[place].own) {
      return place;
    }
    return table_[place].other;
  }

  /// One that was not tried, null where there is none.
  [[nodiscard]] EndpointState* untried(const PickContext& context) const;

  /// Two different ones, as far as chance and `tried` allow: `second` may be `first` again, and is where there is no
  /// other. False where all were tried.
  struct Pair {
    std::size_t first;
    std::size_t second;
  };
  [[nodiscard]] bool untried_pair(const PickContext& context, Pair& pair) const;

 private:
  struct Cell {
    std::uint32_t own = 0;  ///< the place itself, out of 2^32 draws of it
    std::uint32_t other = 0;
  };
  [[nodiscard]] std::size_t draw_untried(std::uint64_t random, const PickContext& context) const;

  const ServicePort& port_;
  std::vector<Cell> table_;
};

}  // namespace ringway::proxy
