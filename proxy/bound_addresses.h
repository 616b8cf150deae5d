#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "proxy/core/error.h"
#include "proxy/core/snapshot.h"
#include "proxy/relay/reactor.h"

namespace ringway::proxy {

/// Which addresses are bound and for which slot: what `bind` stages and `publish` turns into each worker's changes.
/// Knows sockets only until a worker has taken them over. Control thread.
class BoundAddresses {
 public:
  explicit BoundAddresses(std::size_t workers) : workers_(workers) {}
  BoundAddresses(const BoundAddresses&) = delete;
  BoundAddresses& operator=(const BoundAddresses&) = delete;
  ~BoundAddresses() { discard_staged(); }

  /// The addresses of `snapshot` that are neither in use nor staged.
  [[nodiscard]] std::vector<SocketAddress> missing(const Snapshot& snapshot) const;
  /// Binds all of `addresses`, or none; an error names each that failed.
  Result<void> stage(const std::vector<SocketAddress>& addresses);

  /// The changes from `before` (null: from nothing) to `after`, one for each worker, without the plan. The staged
  /// sockets of new addresses go into them; those that `after` does not name are closed.
  std::vector<Switch> advance(const Snapshot* before, const Snapshot& after);

  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  [[nodiscard]] const std::map<SocketAddress, std::uint32_t>& slots() const { return slots_; }
  [[nodiscard]] std::set<IpAddress> ips() const;

 private:
  void discard_staged();

  std::size_t workers_;
  std::map<SocketAddress, std::uint32_t> slots_;
  std::map<SocketAddress, std::vector<int>> staged_;  ///< one fd for each worker
};

}  // namespace ringway::proxy
