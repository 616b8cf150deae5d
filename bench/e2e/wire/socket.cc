#include "bench/e2e/wire/socket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <ctime>
#include <stdexcept>
#include <system_error>

namespace ringway::bench {
namespace {

/// The kernel doubles it (socket(7)). Left alone it grows to 4 MiB (tcp_wmem): many streams then hold more than the
/// caches do, and most is sent when an ACK comes, by the CPU of whoever acknowledged. Ends would cost more than what
/// stands between them.
constexpr int kSendBuffer_bytes = 128 * 1024;
constexpr int kBacklog = 4096;
/// How long an address may stay taken by one that was killed.
constexpr std::chrono::seconds kAddressLimit{2};
constexpr int kAddressLook_ms = 20;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::string text_of(const sockaddr_in& address) {
  std::string text(INET_ADDRSTRLEN, '\0');
  inet_ntop(AF_INET, &address.sin_addr, text.data(), INET_ADDRSTRLEN);
  return text.substr(0, text.find('\0')) + ":" + std::to_string(ntohs(address.sin_port));
}

}  // namespace

sockaddr_in read_address(const std::string& text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const auto colon = text.rfind(':');
  std::uint16_t port = 0;
  if (colon != std::string::npos && inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) == 1) {
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error == std::errc() && stopped == end && port != 0) {
      address.sin_port = htons(port);
      return address;
    }
  }
  throw std::invalid_argument("'" + text + "' is not IPv4:PORT");
}

sockaddr_in next_port(sockaddr_in address, std::uint16_t ports) {
  address.sin_port = htons(static_cast<std::uint16_t>(ntohs(address.sin_port) + ports));
  return address;
}

int open_socket() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBuffer_bytes, sizeof(kSendBuffer_bytes)) != 0) {
    fail("socket");
  }
  return fd;
}

int listen_on(const sockaddr_in& address) {
  // What it accepts inherits the options.
  const int fd = open_socket();
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // A ring that was killed gives its sockets back a moment after its process is gone.
  const auto limit = std::chrono::steady_clock::now() + kAddressLimit;
  while (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno != EADDRINUSE || std::chrono::steady_clock::now() > limit) {
      fail("listen on " + text_of(address));
    }
    poll(nullptr, 0, kAddressLook_ms);
  }
  if (listen(fd, kBacklog) != 0) {
    fail("listen on " + text_of(address));
  }
  return fd;
}

int connect_to(const sockaddr_in& address) {
  const int fd = open_socket();
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    fail("connect to " + text_of(address));
  }
  return fd;
}

void send_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      fail("send");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

void receive_all(int fd, std::span<std::byte> bytes) {
  const ssize_t got = recv(fd, bytes.data(), bytes.size(), MSG_WAITALL);
  if (got < 0) {
    fail("receive");
  }
  if (static_cast<std::size_t>(got) != bytes.size()) {
    throw std::system_error(std::make_error_code(std::errc::connection_reset), "receive: closed early");
  }
}

std::uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace ringway::bench
