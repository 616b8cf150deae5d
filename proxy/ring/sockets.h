#pragma once

#include <cstddef>

#include "proxy/core/address.h"

/// What the real makers of a ring do to sockets by plain system calls: none of these blocks, and io_uring would hand
/// IORING_OP_SHUTDOWN to a worker thread.
namespace ringway::proxy::sockets {

/// A TCP socket with the options of `tune`, close-on-exec; or -errno.
int open_stream(int family);
/// TCP_NODELAY and keepalive (after 60 s idle, 6 probes 10 s apart: a vanished peer is found within two minutes).
/// On a listening socket: accepted sockets inherit them (tcp(7)).
void tune(int fd);
void shutdown_send(int fd);
void reset_on_close(int fd);
bool hung_up(int fd);
SocketAddress peer(int fd);
std::size_t unsent_bytes(int fd);

}  // namespace ringway::proxy::sockets
