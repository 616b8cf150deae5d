#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ringway::soak {

struct IsolationOptions {
  std::size_t rounds = 5;
  double seconds = 2;
  std::vector<std::string> engines = {"io_uring", "epoll"};
};

/// The p99 of small messages through a quiet proxy, and beside those who take much of it. The exit status: 1 where one
/// of them makes it more than twice as long.
int run_isolation(const IsolationOptions& options);

}  // namespace ringway::soak
