#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ringway::proxy {

/// How many sessions all workers together may have: what the file descriptors allow. A soft limit: a batch of accepts
/// that is under way when it is reached still becomes sessions, which is what the files held in reserve are for.
struct SessionBudget {
  alignas(64) std::atomic<std::uint32_t> used{0};
  std::atomic<std::uint32_t> limit{0};

  /// `coming`: those that the asking worker will have soon.
  [[nodiscard]] bool spent(std::size_t coming = 0) const {
    return used.load(std::memory_order_relaxed) + coming >= limit.load(std::memory_order_relaxed);
  }
};

}  // namespace ringway::proxy
