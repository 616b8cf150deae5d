#pragma once

#include <cstddef>
#include <string>

namespace ringway::soak {

struct RestartOptions {
  std::size_t services = 1'000;
  std::size_t rounds = 5;
  std::string virtual_ips = "auto";  ///< spec.virtualIPs.mode
  std::string workers = "auto";
  bool outside = false;  ///< virtual IPs that must be made local, and not some of 127.0.0.0/8
};

/// How long nobody is served after kill -9 and a new start, what many Services cost in memory and for each connection,
/// and what becomes of the virtual IPs. The exit status: 1 where a start takes more than 200 ms for each 1,000 Services
/// or an address is left behind.
int run_restart(const RestartOptions& options);

}  // namespace ringway::soak
