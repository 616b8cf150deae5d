#pragma once

#include <cstdint>
#include <memory>

#include "proxy/core/counters.h"
#include "proxy/core/error.h"
#include "proxy/ring/ring.h"

namespace ringway::proxy {

struct RingOptions {
  std::uint32_t submission_entries = 1024;
  std::uint32_t completion_entries = 16'384;  ///< more than one batch of accepts, receives and sends can bring
  std::uint32_t buffer_count = 16'384;        ///< the most that slow readers can hold; further receives wait
  std::uint32_t buffer_bytes = 16'384;
};

/// Makes the io_uring maker of `Ring`, for the calling thread. Fails where the kernel is older than 6.0 or a seccomp
/// profile or kernel.io_uring_disabled forbids it, and says which.
/// `exhausted` counts the receives that had to wait for a buffer.
Result<std::unique_ptr<Ring>> make_io_uring_ring(const RingOptions& options, Counter& exhausted);

}  // namespace ringway::proxy
