#pragma once

#include <cstddef>
#include <cstdint>

#include "proxy/ring/ring.h"

namespace ringway::proxy {

enum class Side : std::uint8_t { kClient, kUpstream };

[[nodiscard]] constexpr Side other(Side side) {
  return side == Side::kClient ? Side::kUpstream : Side::kClient;
}
[[nodiscard]] constexpr std::size_t index(Side side) {
  return static_cast<std::size_t>(side);
}

/// One direction of a session: from the side that it is named for to the other one.
///
/// It copies: one receive is in flight while the buffer before it is being sent, so a stalled reader holds two buffers
/// at the most and everything behind them is the sender's backpressure. Or it splices: what the kernel holds for the
/// source goes through a pipe to the destination and never comes up here; a pipe is held only while data is in it.
/// Either way FIN is passed on after the last byte. While it is paused none of its operations reads.
struct Relay {
  Buffer sending;  ///< being sent, `sent` bytes of it are gone
  Buffer queued;   ///< came while `sending` was on its way
  std::uint32_t sent = 0;
  Pipe pipe;
  std::uint8_t full_reads = 0;   ///< in a row, while it copies
  std::uint8_t small_wakes = 0;  ///< in a row, while it splices
  bool splicing = false;
  bool send_in_flight = false;
  bool ended = false;       ///< the source has said all: FIN, or its socket failed
  bool finished = false;    ///< and all of it, FIN too, is passed on
  bool broken = false;      ///< the destination takes no more: what comes is dropped
  bool paused = false;      ///< not read from until `resume`, for the sake of a bandwidth
  std::uint64_t bytes = 0;  ///< passed on
  Time paid;                ///< where a session's bandwidth is limited, see `paid_after`
  Time resume;

  [[nodiscard]] bool flushed() const { return sending.empty() && queued.empty() && pipe.none(); }
};

}  // namespace ringway::proxy
