#include "bench/e2e/load/idle.h"

#include <array>
#include <cstddef>
#include <cstdio>
#include <vector>

#include "bench/e2e/wire/socket.h"

namespace ringway::bench {

void hold_idle(const sockaddr_in& to) {
  std::vector<int> open;
  std::array<std::byte, 64> message{};
  std::size_t wanted = 0;
  while (std::scanf("%zu", &wanted) == 1) {
    while (open.size() < wanted) {
      const int fd = connect_to(to);
      send_all(fd, message);
      receive_all(fd, message);
      open.push_back(fd);
    }
    std::printf("{\"open\": %zu}\n", open.size());
    std::fflush(stdout);
  }
}

}  // namespace ringway::bench
