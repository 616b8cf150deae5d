#pragma once

#include <liburing.h>

#include <cstdint>

#include "proxy/core/error.h"
#include "proxy/ring/buffer_pool.h"

namespace ringway::proxy {

/// The buffers of a pool that stand in the kernel's ring of provided buffers (io_uring_register_buf_ring(3)): only so
/// many as one batch of completions needs, so that returned buffers are soon used again.
class BufferOffers {
 public:
  explicit BufferOffers(BufferPool& pool) : pool_(pool) {}

  Result<void> open(io_uring& ring);
  /// Takes the offers back from the kernel: before the ring is closed.
  void close();

  /// Offers buffers until `kOffered` stand ready or none is left. Once before each submission.
  void offer();
  /// The kernel took one.
  void taken() { --offered_; }
  /// Neither offered nor free: a receive asked for now could only fail with -ENOBUFS.
  [[nodiscard]] bool exhausted() const { return offered_ == 0 && pool_.empty(); }

  /// What receives can take before the next `offer`.
  [[nodiscard]] std::uint32_t ready() const { return offered_; }

  static constexpr std::uint16_t kGroup = 0;

 private:
  /// As many as may be taken in one batch before the next `offer`; a batch that takes more gets -ENOBUFS and asks
  /// again.
  static constexpr std::uint32_t kOffered = 256;

  BufferPool& pool_;
  io_uring* ring_ = nullptr;
  io_uring_buf_ring* offers_ = nullptr;
  std::uint32_t offered_ = 0;
};

}  // namespace ringway::proxy
