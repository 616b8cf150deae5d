#include "proxy/ring/sockets.h"

#include <linux/filter.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

namespace ringway::proxy::sockets {
namespace {

constexpr int kKeepIdle_s = 60;
constexpr int kKeepInterval_s = 10;
constexpr int kKeepProbes = 6;

void set(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

/// linux/in.h has it since 6.3; older headers do not stop a newer kernel from knowing it.
constexpr int kLocalPortRange = 51;

struct Ports {
  unsigned first = 1;
  unsigned last = 0;
};

/// Those that the kernel chooses from, and may be told to choose fewer; none where it cannot be told.
Ports ports_of_kernel() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  const std::uint32_t all = 0;
  const bool known = setsockopt(fd, SOL_IP, kLocalPortRange, &all, sizeof all) == 0;
  close(fd);
  Ports ports;
  std::ifstream setting("/proc/sys/net/ipv4/ip_local_port_range");
  return known && (setting >> ports.first >> ports.last) ? ports : Ports();
}

int prepare(int fd, const NearEnd& near) {
  const int on = 1;
  const bool v6 = near.address.ip().is_v6();
  if (near.transparent &&
      setsockopt(fd, v6 ? SOL_IPV6 : SOL_IP, v6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, &on, sizeof on) != 0) {
    return -errno;
  }
  if (near.address.port() != 0) {
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    return 0;
  }
  // The port is then found when it connects, and may be shared by connections to different peers (ip(7)).
  set(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  const std::uint32_t range = std::uint32_t{near.last_port} << 16 | near.first_port;
  return near.first_port == 0 || setsockopt(fd, SOL_IP, kLocalPortRange, &range, sizeof range) == 0 ? 0 : -errno;
}

bool bbr_by_default() {
  std::ifstream setting("/proc/sys/net/ipv4/tcp_congestion_control");
  std::string name;
  return (setting >> name) && name.starts_with("bbr");
}

}  // namespace

bool listen(int fd, const SocketAddress& address, std::uint32_t backlog) {
  tune(fd);
  suit(fd, address);
  return ::listen(fd, static_cast<int>(backlog)) == 0;
}

void refuse(int fd) {
  shutdown(fd, SHUT_RD);
}

void silence(int fd, bool on) {
  if (!on) {
    const int none = 0;
    setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none);
    return;
  }
  sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{.len = 1, .filter = &drop};
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
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

bool chooses_ports(std::uint16_t first, std::uint16_t last) {
  static const Ports kPorts = ports_of_kernel();
  return first >= kPorts.first && last <= kPorts.last;
}

int bind(int fd, const NearEnd& near) {
  if (const int error = prepare(fd, near); error != 0) {
    return error;
  }
  sockaddr_storage storage{};
  const socklen_t length = near.address.fill(storage);
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0 ? 0 : -errno;
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
