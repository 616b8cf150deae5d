#pragma once

#include <span>
#include <vector>

#include "proxy/core/address.h"
#include "proxy/core/error.h"

namespace ringway::proxy {

/// Binds one TCP socket for each worker to `address`, not listening yet. Fails where anybody else has the address: the
/// sockets share it among themselves (SO_REUSEPORT) and with nobody. Accepted sockets inherit what `sockets::tune`
/// sets.
Result<std::vector<int>> bind_stream(const SocketAddress& address, std::size_t workers);

/// Starts, or starts again after `refuse`, to queue connections for accept.
bool listen_on(int fd);

/// Stops listening while the address stays ours: the kernel answers SYN with RST, so a client sees ECONNREFUSED at
/// once. Connections in the backlog get RST.
void refuse_on(int fd);

/// A connection that stands in the backlog, or -1. Never blocks.
int accept_pending(int fd);

}  // namespace ringway::proxy
