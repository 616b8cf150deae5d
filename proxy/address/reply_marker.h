#pragma once

#include <cstdint>

#include "proxy/core/error.h"

namespace ringway::proxy {

/// The nftables table that sets a mark on each packet for a TCP socket that has another's address (IP_TRANSPARENT),
/// before it is routed (nft(8), SOCKET EXPRESSION). Control thread; blocks for a netlink round trip.
class ReplyMarker {
 public:
  /// Whether this build had libnftables.
  [[nodiscard]] static bool built_in();
  /// Sets the bits of `mark`, and leaves the others of a packet's as they are. Takes the place of what was there.
  static Result<void> add(std::uint32_t mark);
  /// Removes it, where it is there and may be.
  static void remove();
};

}  // namespace ringway::proxy
