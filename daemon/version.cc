#include "daemon/version.h"

#include <sys/utsname.h>

#include "config/values.h"
#include "proxy/steer/steering.h"

namespace ringway::daemon {

std::string_view version() {
  return RINGWAY_VERSION;
}

std::string kernel() {
  utsname names{};
  if (uname(&names) != 0) {
    return "unknown";
  }
  return std::string(names.sysname) + " " + names.release;
}

std::vector<std::string> features() {
  std::vector<std::string> all = {"tcp",
                                  "ipv6",
                                  "balancer:powerOfTwo",
                                  "balancer:leastConnections",
                                  "balancer:roundRobin",
                                  "balancer:random",
                                  "balancer:sourceHash",
                                  "balancer:peakEwma",
                                  "balancer:first",
                                  "check:tcp",
                                  "check:http",
                                  "virtualIPs",
                                  "source:file",
                                  "source:docker"};
  if (proxy::steering_built_in()) {
    all.emplace_back("virtualIPs:steer");
  }
  if (config::containerd_built_in()) {
    all.emplace_back("source:containerd");
  }
  return all;
}

}  // namespace ringway::daemon
