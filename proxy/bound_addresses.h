#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "proxy/core/error.h"
#include "proxy/core/snapshot.h"
#include "proxy/relay/reactor.h"

namespace ringway::proxy {

/// Which addresses are bound and for which slot: what `bind` stages and `publish` turns into each worker's changes.
/// Knows sockets only until a worker has taken them over. An address that is steered has none. Control thread.
class BoundAddresses {
 public:
  BoundAddresses(std::size_t workers, bool steered) : workers_(workers), steered_(steered) {}
  BoundAddresses(const BoundAddresses&) = delete;
  BoundAddresses& operator=(const BoundAddresses&) = delete;
  ~BoundAddresses() { discard_staged(); }

  /// The addresses of `snapshot` that are neither in use nor staged.
  [[nodiscard]] std::vector<SocketAddress> missing(const Snapshot& snapshot) const;
  /// Binds all of `addresses`, or none; an error names each that failed. One that is steered is only looked at: that
  /// nobody else has it, and that we may.
  Result<void> stage(const std::vector<SocketAddress>& addresses);

  /// The changes from `before` (null: from nothing) to `after`, one for each worker, without the plan. The staged
  /// sockets of new addresses go into them; those that `after` does not name are closed.
  std::vector<Switch> advance(const Snapshot* before, const Snapshot& after);

  /// Listening sockets that workers have.
  [[nodiscard]] std::size_t socket_count() const { return socket_count_; }
  [[nodiscard]] const std::map<SocketAddress, std::uint32_t>& slots() const { return slots_; }
  [[nodiscard]] std::set<IpAddress> ips() const;
  /// Whether an address left `ips` since the last call, or may have.
  bool take_left() { return std::exchange(left_, false); }

 private:
  void discard_staged();
  [[nodiscard]] bool is_steered(const SocketAddress& address) const;
  /// A socket for each worker; none where it is steered.
  [[nodiscard]] Result<std::vector<int>> bind_for_workers(const SocketAddress& address) const;

  std::size_t workers_;
  bool steered_;
  std::size_t socket_count_ = 0;
  bool left_ = false;
  std::map<SocketAddress, std::uint32_t> slots_;
  std::map<SocketAddress, std::vector<int>> staged_;  ///< one fd for each worker, or none
};

}  // namespace ringway::proxy
