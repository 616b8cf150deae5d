#include "proxy/session_limit.h"

#include <sys/resource.h>

#include <algorithm>

#include "proxy/ring/engine.h"

namespace ringway::proxy {
namespace {

/// The share of the files that pipes may take, at the most.
constexpr std::uint64_t kPipeShare = 16;

std::uint64_t files_allowed() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  return std::min<std::uint64_t>(files.rlim_cur, 1U << 30);
}

}  // namespace

std::uint32_t pipes_allowed(std::uint32_t workers) {
  // A pipe has two ends.
  const std::uint64_t share = files_allowed() / kPipeShare / 2 / workers;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(share, RingOptions().pipe_count));
}

std::uint32_t sessions_allowed(std::size_t listening_sockets, std::uint32_t workers) {
  const std::uint64_t limit = files_allowed();
  const std::uint64_t pipes = std::uint64_t{pipes_allowed(workers)} * workers * 2;
  const std::uint64_t reserved = std::min(kReservedFiles, limit / 4) + pipes + listening_sockets;
  // A session holds a client and an upstream socket.
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(limit > reserved ? (limit - reserved) / 2 : 0, 1));
}

}  // namespace ringway::proxy
