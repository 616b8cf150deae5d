#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/values.h"

namespace ringway::config {

/// A place where clients come in, which one Service alone may have.
struct Claim {
  std::string place;  ///< `127.96.0.10:80`, `[fd00::1]:80`, `node port 30080`
  Protocol protocol = Protocol::kTcp;
  std::size_t port = 0;  ///< of `Service::ports`; their number for the health check's node port
};

/// All that `service` takes, in the order of its ports; nothing where it is not served.
[[nodiscard]] std::vector<Claim> claims_of(const Service& service);

}  // namespace ringway::config
