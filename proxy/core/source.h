#pragma once

#include <cstdint>
#include <vector>

#include "proxy/core/address.h"

namespace ringway::proxy {

/// Where the upstream connections of a port come from, in place of the kernel's choice.
struct Source {
  bool transparent = false;          ///< the client's address, where the endpoint is of its family
  std::vector<IpAddress> addresses;  ///< of this host; those of the endpoint's family take turns; empty: the kernel's
  std::uint16_t first_port = 0;      ///< 0: the kernel's choice
  std::uint16_t last_port = 0;       ///< not below `first_port`

  bool operator==(const Source&) const = default;
};

/// What a socket is bound to before its connect.
struct NearEnd {
  SocketAddress address;         ///< port 0: chosen by the kernel when it connects
  std::uint16_t first_port = 0;  ///< from here to `last_port`, where the kernel chooses and this is not 0
  std::uint16_t last_port = 0;
  bool transparent = false;  ///< the address need not be of this host
};

}  // namespace ringway::proxy
