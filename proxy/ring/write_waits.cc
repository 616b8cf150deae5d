#include "proxy/ring/write_waits.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ringway::proxy {

WriteWaits::~WriteWaits() {
  if (epoll_fd_ >= 0) {
    ::close(epoll_fd_);
  }
}

Result<void> WriteWaits::open() {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd_ < 0) {
    return std::unexpected(system_error(errno, "epoll_create1"));
  }
  return {};
}

std::int32_t WriteWaits::arm(int fd, Token token) {
  const auto at = static_cast<std::size_t>(fd);
  if (at >= waits_.size()) {
    waits_.resize(at + 1);
  }
  Wait& wait = waits_[at];
  epoll_event event{.events = EPOLLOUT | EPOLLONESHOT, .data = {.fd = fd}};
  if (epoll_ctl(epoll_fd_, wait.registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0) {
    return -errno;
  }
  wait = {.registered = true, .armed = true, .token = token};
  return 0;
}

std::optional<Token> WriteWaits::disarm(int fd) {
  const auto at = static_cast<std::size_t>(fd);
  if (at >= waits_.size() || !std::exchange(waits_[at].armed, false)) {
    return std::nullopt;
  }
  return waits_[at].token;
}

void WriteWaits::forget(int fd) {
  if (const auto at = static_cast<std::size_t>(fd); at < waits_.size() && waits_[at].registered) {
    waits_[at] = {};
    epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  }
}

bool WriteWaits::fetch() {
  std::array<epoll_event, 64> events{};
  const int count = epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), 0);
  ready_.clear();
  for (int index = 0; index < count; ++index) {
    ready_.push_back(events[static_cast<std::size_t>(index)].data.fd);
  }
  return count > 0;
}

}  // namespace ringway::proxy
