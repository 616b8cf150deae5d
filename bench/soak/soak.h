#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace ringway::soak {

struct SoakOptions {
  std::chrono::seconds time{600};  ///< shared by the engines
  std::uint64_t seed = 0;
  std::vector<std::string> engines = {"io_uring", "epoll"};
  bool verbose = false;  ///< tells each act
};

/// Mixed work and faults, then everything counted. The exit status: 1 where a promise was broken.
int run_soak(const SoakOptions& options);

}  // namespace ringway::soak
