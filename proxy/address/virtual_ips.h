#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proxy/address/netlink.h"
#include "proxy/address/slot.h"
#include "proxy/core/address.h"
#include "proxy/core/error.h"

namespace ringway::proxy {

/// Makes addresses local by adding them to an interface over netlink, and takes away what it added: on `release`, at
/// the end of the object, and what a crashed daemon left behind at the next `open` or `ensure` of any daemon.
///
/// What was left behind is known by IFA_PROTO or the route's protocol (see Slot). Before Linux 5.18 the kernel drops
/// that mark: everything works but the removal after a crash, and the address is then simply found local.
///
/// An address that two daemons want belongs to the one that added it and goes with it.
/// Control thread; every member blocks for a few netlink round trips.
class VirtualIps {
 public:
  /// Removes what crashed daemons left, where it has the right to. With `manage` false it never changes an interface.
  /// `interface` need not exist until an address must be added to it.
  /// `as_routes` makes addresses local by a route to `interface`, and not by adding them to it: a tenth of the time
  /// where there are thousands. `ip addr` does not show them, `ip route show table local` does.
  static Result<std::unique_ptr<VirtualIps>> open(std::string interface, bool manage, bool as_routes = false);
  VirtualIps(const VirtualIps&) = delete;
  VirtualIps& operator=(const VirtualIps&) = delete;
  ~VirtualIps();

  /// Makes each of `wanted` local: 127.0.0.0/8 and what is local already need nothing, the others are added as /32 or
  /// /128 (without duplicate address detection, so that bind(2) works at once). Returns those that this call added.
  ///
  /// On failure all that this call added is taken away again, and the error names each address that failed and why:
  /// kPermission without CAP_NET_ADMIN or with `manage` false, kNotFound for an unknown interface.
  Result<std::vector<IpAddress>> ensure(std::span<const IpAddress> wanted);

  /// Removes those of `ips` that this object added; others are left alone.
  void release(std::span<const IpAddress> ips);

  /// All that this object added and did not remove, in ascending order.
  [[nodiscard]] std::vector<IpAddress> added() const;

 private:
  VirtualIps(std::string interface, bool manage, bool as_routes, Netlink netlink);

  /// All addresses and local routes, after the orphans are gone.
  Result<std::vector<InterfaceAddress>> sweep_orphans();
  Result<std::vector<IpAddress>> missing(std::span<const IpAddress> wanted);
  Result<std::uint32_t> interface_index() const;
  [[nodiscard]] Error not_local(std::span<const IpAddress> ips) const;

  std::string interface_;
  bool manage_;
  bool as_routes_;
  Netlink netlink_;
  std::optional<Slot> slot_;                  ///< claimed when the first address is added
  std::map<IpAddress, std::uint32_t> added_;  ///< to the index of the interface
};

}  // namespace ringway::proxy
