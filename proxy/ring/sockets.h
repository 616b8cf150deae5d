#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "proxy/core/address.h"
#include "proxy/core/source.h"

/// What the real makers of a ring do to sockets by plain system calls: none of these blocks, and io_uring would hand
/// IORING_OP_SHUTDOWN to a worker thread.
namespace ringway::proxy::sockets {

/// Starts, or starts again after `refuse`, to queue connections for accept. They inherit the options of `tune` and
/// `suit`.
bool listen(int fd, const SocketAddress& address, std::uint32_t backlog);
/// Stops listening while the address stays bound: the kernel answers SYN with RST, so a client sees ECONNREFUSED at
/// once. Connections in the backlog get RST.
void refuse(int fd);
/// While on, a filter drops whatever comes to a listening socket: SYN is not answered, nor a handshake ended. What
/// stands in the backlog stays. Needs no privilege (socket(7), SO_ATTACH_FILTER).
void silence(int fd, bool on);
/// A connection that stands in the backlog, non-blocking and close-on-exec, or -1. Never waits.
int accept_now(int fd);
/// A TCP socket with the options of `tune`, non-blocking and close-on-exec; or -errno.
int open_stream(int family);
/// Whether the kernel has IP_LOCAL_PORT_RANGE (Linux 6.3) and takes this range: it cuts every range to
/// net.ipv4.ip_local_port_range, and takes no notice of one that lies outside (ip(7)). That setting is read once.
bool chooses_ports(std::uint16_t first, std::uint16_t last);
/// Before `connect`; 0 or -errno. A port that the caller names may be shared by connections to different peers
/// (SO_REUSEADDR): that it is taken is known when it connects, as EADDRNOTAVAIL.
int bind(int fd, const NearEnd& near);
/// Before `connect`, or on a listening socket: what suits the peers that `address` has. Between addresses of the
/// loopback interface Reno takes the place of BBR where that is this host's default: nothing there is ever congested,
/// and BBR's pacing costs a timer for each burst (tcp_bbr.c; tcp(7), TCP_CONGESTION).
void suit(int fd, const SocketAddress& address);
/// TCP_NODELAY and keepalive (after 60 s idle, 6 probes 10 s apart: a vanished peer is found within two minutes).
void tune(int fd);
/// The outcome of a connect that was under way: 0 or -errno.
int take_error(int fd);
/// Bytes taken (may be fewer), or -errno. Raises no SIGPIPE.
std::int32_t send_now(int fd, std::span<const std::byte> bytes);
void shutdown_send(int fd);
void reset_on_close(int fd);
bool hung_up(int fd);
SocketAddress peer(int fd);
/// The local address of an accepted socket, for which it then `suit`s.
SocketAddress dialled(int fd);
std::size_t unsent_bytes(int fd);

}  // namespace ringway::proxy::sockets
