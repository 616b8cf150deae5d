#include "proxy/address/claim.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <utility>

namespace ringway::proxy {

std::optional<Claim> Claim::take(std::string_view name) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return std::nullopt;
  }
  Claim claim(fd);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t bytes = name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + bytes);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    return std::nullopt;
  }
  return claim;
}

Claim::Claim(Claim&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Claim& Claim::operator=(Claim&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Claim::~Claim() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

}  // namespace ringway::proxy
