#include "proxy/address/slot.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <utility>

namespace ringway::proxy {

std::optional<Slot> Slot::claim(std::uint8_t number) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return std::nullopt;
  }
  Slot slot(fd, number);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const std::string text = "ringway-vip-" + std::to_string(number);
  text.copy(name.sun_path + 1, sizeof name.sun_path - 1);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  if (bind(fd, reinterpret_cast<const sockaddr*>(&name), length) != 0) {
    return std::nullopt;
  }
  return slot;
}

std::optional<Slot> Slot::claim_lowest() {
  for (std::uint8_t number = 0; number < kCount; ++number) {
    if (auto slot = claim(number)) {
      return slot;
    }
  }
  return std::nullopt;
}

Slot::Slot(Slot&& other) noexcept : fd_(std::exchange(other.fd_, -1)), number_(other.number_) {}

Slot& Slot::operator=(Slot&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(number_, other.number_);
  return *this;
}

Slot::~Slot() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

}  // namespace ringway::proxy
