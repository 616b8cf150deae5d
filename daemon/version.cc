#include "daemon/version.h"

#include <sys/utsname.h>

#include "proxy/core/counters.h"
#include "proxy/ring/io_uring_ring.h"

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

EngineFacts engine_facts() {
  proxy::RingOptions smallest;
  smallest.submission_entries = 8;
  smallest.completion_entries = 16;
  smallest.buffer_count = 8;
  smallest.buffer_bytes = 4096;
  proxy::Counter exhausted;
  const auto ring = proxy::make_io_uring_ring(smallest, exhausted);
  if (!ring) {
    return {false, "", ring.error().context};
  }
  return {true, std::string((*ring)->name()), "this kernel offers it and no profile forbids it"};
}

std::vector<std::string> features() {
  return {"tcp",
          "ipv6",
          "balancer:leastConnections",
          "balancer:roundRobin",
          "balancer:random",
          "check:tcp",
          "check:http",
          "virtualIPs",
          "source:file",
          "source:docker"};
}

}  // namespace ringway::daemon
