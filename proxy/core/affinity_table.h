#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "proxy/core/address.h"
#include "proxy/core/client_sets.h"
#include "proxy/core/clock.h"

namespace ringway::proxy {

/// Where a client was. Endpoints of one workload at the ports of a Service have the same `workload`; where others do as
/// well, for all that is known of them is one IP address, `port` tells them apart.
struct AffinityTarget {
  std::uint64_t workload = 0;  ///< a hash of its name and IP address
  std::uint16_t port = 0;      ///< of the endpoint

  auto operator<=>(const AffinityTarget&) const = default;
};

/// Which endpoint each client of a Service was with, and when it last came: session affinity by client IP over all
/// ports and workers. In a full set the client that came the longest ago makes room. Any thread.
class AffinityTable {
  struct Entry {
    AffinityTarget target;
    Time last;
  };

 public:
  static constexpr std::size_t kClients = ClientSets<Entry>::kSets * ClientSets<Entry>::kWays;

  /// Where `client` was within `timeout` before `now`.
  [[nodiscard]] std::optional<AffinityTarget> find(const IpAddress& client, Time now, Duration timeout) const;
  /// `client` goes to `target` from now on.
  void set(const IpAddress& client, const AffinityTarget& target, Time now, Duration timeout);

  /// Clients within `timeout` before `now`. Looks at every place of the sets where one has been.
  [[nodiscard]] std::size_t clients(Time now, Duration timeout) const;
  /// Clients that were forgotten before their time, for want of room.
  [[nodiscard]] std::uint64_t evictions() const { return evictions_.load(std::memory_order_relaxed); }

 private:
  ClientSets<Entry> sets_;
  std::atomic<std::uint64_t> evictions_{0};
};

}  // namespace ringway::proxy
