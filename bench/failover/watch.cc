#include "bench/failover/watch.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <set>
#include <system_error>
#include <utility>

#include "bench/e2e/wire/socket.h"

namespace ringway::bench {
namespace {

constexpr std::size_t kHeaders_bytes = 256;

/// What tells a connection from another one, also where its client's port comes again: a SYN that is repeated has the
/// sequence number of the first.
using Connect = std::pair<std::uint16_t, std::uint32_t>;

int open_tap() {
  const int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));
  sockaddr_ll loopback{};
  loopback.sll_family = AF_PACKET;
  loopback.sll_protocol = htons(ETH_P_IP);
  loopback.sll_ifindex = static_cast<int>(if_nametoindex("lo"));
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) != 0) {
    throw std::system_error(errno, std::generic_category(), "watch the loopback");
  }
  return fd;
}

}  // namespace

void watch_connects(const sockaddr_in& to) {
  const int tap = open_tap();
  std::puts("ready");
  std::set<Connect> seen;
  std::array<std::byte, kHeaders_bytes> packet{};
  for (;;) {
    std::fflush(stdout);
    const ssize_t got = recv(tap, packet.data(), packet.size(), 0);
    iphdr ip{};
    tcphdr tcp{};
    if (got < static_cast<ssize_t>(sizeof ip)) {
      continue;
    }
    std::memcpy(&ip, packet.data(), sizeof ip);
    const std::size_t at = std::size_t{ip.ihl} * 4;
    if (ip.protocol != IPPROTO_TCP || ip.daddr != to.sin_addr.s_addr || got < static_cast<ssize_t>(at + sizeof tcp)) {
      continue;
    }
    std::memcpy(&tcp, packet.data() + at, sizeof tcp);
    const bool asks = tcp.syn == 1 && tcp.ack == 0 && tcp.dest == to.sin_port;
    if (asks && seen.emplace(tcp.source, tcp.seq).second) {
      std::printf("%llu\n", static_cast<unsigned long long>(now_ns()));
    }
  }
}

}  // namespace ringway::bench
