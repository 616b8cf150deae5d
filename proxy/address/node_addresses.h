#pragma once

#include <span>
#include <string>
#include <vector>

#include "proxy/core/address.h"
#include "proxy/core/error.h"

namespace ringway::proxy {

/// Which of the machine's addresses node ports listen on.
struct NodeAddressChoice {
  /// Of each family the address that packets leave with by the default route; without such a route the first that an
  /// interface has.
  bool primary = true;
  /// And all that interfaces have in these networks (`10.0.0.0/8`). Loopback addresses belong to networks of loopback
  /// addresses only, not to 0.0.0.0/0; a single one in 127.0.0.0/8 need not stand on an interface.
  std::vector<std::string> networks;
};

/// In ascending order. Link-local addresses, virtual IPs that a daemon added, and those of `others` are no addresses of
/// the machine. Blocks for a few netlink round trips.
Result<std::vector<IpAddress>> node_addresses(const NodeAddressChoice& choice, std::span<const IpAddress> others);

}  // namespace ringway::proxy
