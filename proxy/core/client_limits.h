#pragma once

#include <atomic>
#include <cstdint>

#include "proxy/core/address.h"
#include "proxy/core/client_sets.h"
#include "proxy/core/clock.h"

namespace ringway::proxy {

/// What one client address may do, over all ports and workers of a Service. Zero = no such limit.
struct ClientLimit {
  std::uint32_t max_connections = 0;  ///< at once
  std::uint32_t rate = 0;             ///< new ones each second, on the average
  std::uint32_t burst = 0;            ///< and so many at once, at least 1 where `rate` is set
  std::uint8_t ipv6_bits = 64;  ///< IPv6 clients that share so many bits are one: whoever has a network has them all

  bool operator==(const ClientLimit&) const = default;
};

/// Who has how many sessions, and how fast they came (a token bucket). Of a fixed size: in a set full of clients that
/// have sessions, the next one is not limited, and counted. Any thread.
class ClientLimits {
 public:
  enum class Verdict : std::uint8_t {
    kAllowed,    ///< and counted: to be given back with `leave`
    kUntracked,  ///< allowed for want of room, and not counted
    kTooMany,
    kTooFast,
  };

  /// A session of `client` begins.
  Verdict enter(const IpAddress& client, const ClientLimit& limit, Time now);
  void leave(const IpAddress& client, const ClientLimit& limit);

  /// Clients with sessions.
  [[nodiscard]] std::size_t clients() const;
  /// Sessions that were let in without a look, for want of room.
  [[nodiscard]] std::uint64_t untracked() const { return untracked_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    std::uint32_t active;
    std::int64_t tokens;  ///< millionths of a session that may come at once
    Time last;
  };

  ClientSets<Entry> sets_;
  std::atomic<std::uint64_t> untracked_{0};
};

}  // namespace ringway::proxy
