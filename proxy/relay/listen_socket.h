#pragma once

#include <span>
#include <vector>

#include "proxy/core/address.h"
#include "proxy/core/error.h"

namespace ringway::proxy {

/// Binds one TCP socket for each worker to `address`, not listening yet. Fails where anybody else has the address: the
/// sockets share it among themselves (SO_REUSEPORT) and with nobody. Port 0 is one that the kernel chooses.
Result<std::vector<int>> bind_stream(const SocketAddress& address, std::size_t workers);

/// Whether `bind_stream` would succeed, but for one thing: an IPv6 address need not be on an interface, a local route
/// to it is enough (bind(2) knows such routes for IPv4 only).
Result<void> check_bind(const SocketAddress& address);

}  // namespace ringway::proxy
