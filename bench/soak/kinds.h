#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/soak/client.h"
#include "bench/soak/random.h"

namespace ringway::soak {

/// The kinds of work that run at once.
enum class Kind : std::uint8_t {
  kPingPong,   ///< small messages, many rounds
  kStream,     ///< megabytes both ways at once
  kUpload,     ///< megabytes to a server that has said FIN
  kShort,      ///< connect, one message, close
  kIdle,       ///< two messages with a long silence between
  kHalfClose,  ///< FIN behind the last byte, then the whole answer
  kReset,      ///< RST in the middle
  kStall,      ///< a reader that stops for seconds and goes on
  kMute,       ///< connects and says nothing
  kFlood,      ///< as kMute, hundreds at once, while the schedule says so
  kCount,
};

inline constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::kCount);

struct KindTraits {
  std::string_view name;
  std::uint32_t at_once;
  bool anywhere;  ///< dials every Service that echoes, and not only those that always have an endpoint
};

inline constexpr std::array<KindTraits, kKinds> kTraits = {{{"ping-pong", 24, true},
                                                            {"stream both ways", 6, true},
                                                            {"upload", 4, false},
                                                            {"short", 10, true},
                                                            {"idle", 40, false},
                                                            {"half-close", 8, true},
                                                            {"reset by us", 8, true},
                                                            {"stalled reader", 10, true},
                                                            {"mute", 12, true},
                                                            {"flood", 900, false}}};

/// A Service as the load sees it.
struct Target {
  std::string name;
  SocketAddress vip;
  bool uploads = false;
  bool steady = true;  ///< always has an endpoint
};

/// What the next connection of `kind` does.
Script draw(Kind kind, const std::vector<Target>& targets, Random& random);

}  // namespace ringway::soak
