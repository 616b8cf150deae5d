#include "tests/harness/places.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace ringway::test {
namespace {

constexpr std::uint32_t kBlocks = 255;
constexpr std::uint32_t kPerBlock = 250;

/// The third byte of all addresses of this process: the lowest from 1 whose abstract unix socket nobody holds. The
/// socket stays open until the process ends.
std::uint32_t claim_block() {
  for (std::uint32_t block = 1; block <= kBlocks; ++block) {
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const std::string text = "ringway-test-block-" + std::to_string(block);
    text.copy(name.sun_path + 1, sizeof name.sun_path - 1);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
    if (bind(fd, reinterpret_cast<const sockaddr*>(&name), length) == 0) {
      return block;
    }
    close(fd);
  }
  std::abort();
}

IpAddress next_in(std::uint32_t network, std::atomic<std::uint32_t>& counter) {
  static const std::uint32_t block = claim_block();
  return IpAddress::v4(network | block << 8 | (1 + counter++ % kPerBlock));
}

}  // namespace

IpAddress next_vip_ip() {
  static std::atomic<std::uint32_t> counter{0};
  return next_in(0x7F600000, counter);
}

IpAddress next_endpoint_ip() {
  static std::atomic<std::uint32_t> counter{0};
  return next_in(0x7F000000, counter);
}

SocketAddress refusing_endpoint() {
  return {next_endpoint_ip(), 9};
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ringway-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    std::abort();
  }
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::uint64_t raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace ringway::test
