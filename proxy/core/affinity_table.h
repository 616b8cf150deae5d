#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>

#include "proxy/core/address.h"
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
/// ports and workers. Of a fixed size: sets of `kWays` places, each with a lock that is held for as long as it takes to
/// look at them; memory is touched where clients are. In a full set the client that came the longest ago makes room.
/// Any thread.
class AffinityTable {
 public:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kSets = 8192;

  /// Where there is no memory for it, it remembers nobody.
  AffinityTable();

  /// Where `client` was within `timeout` before `now`.
  [[nodiscard]] std::optional<AffinityTarget> find(const IpAddress& client, Time now, Duration timeout) const;
  /// `client` goes to `target` from now on.
  void set(const IpAddress& client, const AffinityTarget& target, Time now, Duration timeout);

  /// Clients within `timeout` before `now`. Looks at every place of the sets where one has been.
  [[nodiscard]] std::size_t clients(Time now, Duration timeout) const;
  /// Clients that were forgotten before their time, for want of room.
  [[nodiscard]] std::uint64_t evictions() const { return evictions_.load(std::memory_order_relaxed); }

 private:
  struct Place {
    IpAddress client;
    AffinityTarget target;
    bool used;
    Time last;
  };
  /// All zeros where nobody has been, so that the pages of calloc(3) stay untouched.
  struct Set {
    std::uint32_t busy;
    std::array<Place, kWays> places;
  };
  struct Free {
    void operator()(Set* sets) const { std::free(sets); }  // NOLINT(*-no-malloc,*-owning-memory): see Set
  };
  class Hold;

  static constexpr std::size_t kWord_bits = 64;

  [[nodiscard]] static std::size_t set_of(const IpAddress& client);
  [[nodiscard]] bool visited(std::size_t set) const;

  std::unique_ptr<Set[], Free> sets_;
  /// A bit for each set where a client has been. The others are not even looked at, for a lock is memory too.
  std::array<std::atomic<std::uint64_t>, kSets / kWord_bits> visited_{};
  std::atomic<std::uint64_t> evictions_{0};
};

}  // namespace ringway::proxy
