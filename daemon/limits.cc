#include "daemon/limits.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>

namespace ringway::daemon {

std::uint32_t allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) {
    return 1;
  }
  return static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&set)));
}

std::uint64_t raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 0;
  }
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, kMostFiles);
  if (limit.rlim_cur != wanted) {
    const rlimit raised{wanted, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
      return wanted;
    }
  }
  return limit.rlim_cur;
}

std::uint32_t somaxconn() {
  // What the kernel has where nobody changed it (since Linux 5.4).
  constexpr std::uint32_t kDefault = 4096;
  std::ifstream setting("/proc/sys/net/core/somaxconn");
  std::uint32_t value = 0;
  return setting >> value ? value : kDefault;
}

}  // namespace ringway::daemon
