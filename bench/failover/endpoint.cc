#include "bench/failover/endpoint.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>

#include "bench/e2e/wire/socket.h"

namespace ringway::bench {
namespace {

constexpr int kEvents = 64;
/// More than a client ever says at once, so that a short read is a whole message.
constexpr std::size_t kMessage_bytes = 4096;

void watch(int epoll, int fd, bool listener) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = static_cast<std::uint64_t>(fd) << 1U | (listener ? 1U : 0U);
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

void answer(int fd) {
  std::array<std::byte, kMessage_bytes> message{};
  const ssize_t got = recv(fd, message.data(), message.size(), 0);
  if (got <= 0 || send(fd, message.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) {
    close(fd);
  }
}

}  // namespace

void serve(const sockaddr_in& first) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listen_on(first), true);
  watch(epoll, listen_on(next_port(first, 1)), true);
  std::array<epoll_event, kEvents> events{};
  for (;;) {
    const int count = epoll_wait(epoll, events.data(), kEvents, -1);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t data = events[static_cast<std::size_t>(i)].data.u64;
      const auto fd = static_cast<int>(data >> 1U);
      if ((data & 1U) == 0) {
        answer(fd);
      } else if (const int accepted = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC); accepted >= 0) {
        watch(epoll, accepted, false);
      }
    }
  }
}

}  // namespace ringway::bench
