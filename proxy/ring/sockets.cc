#include "proxy/ring/sockets.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <string_view>

namespace ringway::proxy::sockets {
namespace {

/// Cut by the kernel to net.core.somaxconn, 4,096 by default.
constexpr int kBacklog = 65'535;

constexpr int kKeepIdle_s = 60;
constexpr int kKeepInterval_s = 10;
constexpr int kKeepProbes = 6;

void set(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

bool bbr_by_default() {
  std::ifstream setting("/proc/sys/net/ipv4/tcp_congestion_control");
  std::string name;
  return (setting >> name) && name.starts_with("bbr");
}

}  // namespace

bool listen(int fd, const SocketAddress& address) {
  tune(fd);
  suit(fd, address);
  return ::listen(fd, kBacklog) == 0;
}

void refuse(int fd) {
  shutdown(fd, SHUT_RD);
}

int accept_now(int fd) {
  pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
  // The socket may block (io_uring wants it so), hence the look before the call; nobody else accepts on it.
  if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLIN) == 0) {
    return -1;
  }
  return accept4(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int open_stream(int family) {
  // Non-blocking for splice(2), whose own flag covers the pipe and not the socket.
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  if (fd < 0) {
    return -errno;
  }
  tune(fd);
  return fd;
}

void suit(int fd, const SocketAddress& address) {
  static const bool kBbr = bbr_by_default();
  if (kBbr && address.ip().is_loopback()) {
    constexpr std::string_view kReno = "reno";
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, kReno.data(), kReno.size());
  }
}

void tune(int fd) {
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepIdle_s);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepInterval_s);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepProbes);
}

int take_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return -error;
}

std::int32_t send_now(int fd, std::span<const std::byte> bytes) {
  const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return static_cast<std::int32_t>(sent < 0 ? -errno : sent);
}

void shutdown_send(int fd) {
  shutdown(fd, SHUT_WR);
}

void reset_on_close(int fd) {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

bool hung_up(int fd) {
  pollfd state{.fd = fd, .events = 0, .revents = 0};
  return poll(&state, 1, 0) == 1 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

SocketAddress peer(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  return getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) == 0 ? SocketAddress::from(storage)
                                                                              : SocketAddress();
}

SocketAddress dialled(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return {};
  }
  const SocketAddress address = SocketAddress::from(storage);
  suit(fd, address);
  return address;
}

std::size_t unsent_bytes(int fd) {
  int bytes = 0;
  return ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

}  // namespace ringway::proxy::sockets
