#pragma once

#include <cstdint>

namespace ringway::daemon {

/// CPUs that this process may run on (sched_getaffinity(2)), at least 1.
[[nodiscard]] std::uint32_t allowed_cpus();

/// Raises the soft limit of open files to the hard one, at most kMostFiles, and returns what it is then.
std::uint64_t raise_file_limit();

/// net.core.somaxconn, what listen(2) allows at the most.
[[nodiscard]] std::uint32_t somaxconn();

/// Some container runtimes set a limit of 2^30; what a process sizes by its limit then exhausts the memory
/// (docker-library/haproxy#194). A million files are half a million sessions.
inline constexpr std::uint64_t kMostFiles = 1'048'576;

}  // namespace ringway::daemon
