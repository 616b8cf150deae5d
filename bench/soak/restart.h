#pragma once

#include <cstddef>

namespace ringway::soak {

struct RestartOptions {
  std::size_t services = 1'000;
  std::size_t rounds = 5;
};

/// How long nobody is served after kill -9 and a new start, and what becomes of the virtual IPs. The exit status: 1
/// where that takes more than 200 ms or an address is left behind.
int run_restart(const RestartOptions& options);

}  // namespace ringway::soak
