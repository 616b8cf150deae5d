#include "proxy/relay/listen_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace ringway::proxy {
namespace {

bool enable(int fd, int level, int option) {
  const int on = 1;
  return setsockopt(fd, level, option, &on, sizeof on) == 0;
}

Error bind_error(int errno_value, const SocketAddress& address) {
  Error error = system_error(errno_value, "binding " + address.to_string());
  if (errno_value == EADDRINUSE) {
    error.context += ": another process has it; stop that one or choose another port";
  } else if (errno_value == EACCES) {
    error.context += ": ports below net.ipv4.ip_unprivileged_port_start need CAP_NET_BIND_SERVICE";
  }
  return error;
}

Result<int> bind_one(const SocketAddress& address, bool first, bool routed = false) {
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) {
    return std::unexpected(bind_error(errno, address));
  }
  enable(fd, SOL_SOCKET, SO_REUSEADDR);
  if (address.ip().is_v6()) {
    enable(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (routed) {
      enable(fd, IPPROTO_IPV6, IPV6_FREEBIND);
    }
  }
  // The first binds alone, so that another process which also sets SO_REUSEPORT is noticed and not joined.
  if (!first) {
    enable(fd, SOL_SOCKET, SO_REUSEPORT);
  }
  sockaddr_storage storage{};
  const socklen_t length = address.fill(storage);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
    const int errno_value = errno;
    close(fd);
    return std::unexpected(bind_error(errno_value, address));
  }
  if (first) {
    enable(fd, SOL_SOCKET, SO_REUSEPORT);
  }
  return fd;
}

}  // namespace

Result<void> check_bind(const SocketAddress& address) {
  const auto fd = bind_one(address, true, true);
  if (!fd) {
    return std::unexpected(fd.error());
  }
  close(*fd);
  return {};
}

Result<std::vector<int>> bind_stream(const SocketAddress& address, std::size_t workers) {
  std::vector<int> fds;
  SocketAddress shared = address;
  while (fds.size() < workers) {
    auto fd = bind_one(shared, fds.empty());
    if (!fd) {
      for (const int bound : fds) {
        close(bound);
      }
      return std::unexpected(std::move(fd.error()));
    }
    fds.push_back(*fd);
    if (shared.port() == 0) {
      sockaddr_storage storage{};
      socklen_t length = sizeof storage;
      getsockname(*fd, reinterpret_cast<sockaddr*>(&storage), &length);
      shared = SocketAddress::from(storage);
    }
  }
  return fds;
}

}  // namespace ringway::proxy
