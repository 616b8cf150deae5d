#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "proxy/core/error.h"
#include "proxy/ring/ring.h"

namespace ringway::proxy {

/// The memory that receives fill: one reserved range cut into equal buffers, a few of which stand in the kernel's ring
/// of provided buffers (io_uring_register_buf_ring(3)).
///
/// Only so many are offered as one batch of completions needs, and returned buffers are offered first, so that a few
/// hot pages serve all sessions; memory that was never needed is never touched. A buffer costs memory only while a slow
/// reader holds it.
class BufferPool {
 public:
  BufferPool() = default;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  /// `count` buffers of `buffer_bytes` (count at most 32,768: the ids are 16 bits wide and the ring's limit is that).
  Result<void> open(io_uring& ring, std::uint32_t count, std::uint32_t buffer_bytes);

  /// Takes the offers back from the kernel: before the ring is closed. The memory stays until destruction.
  void unregister();

  /// Offers returned buffers until `kOffered` stand ready or none is left. Once before each submission.
  void offer();
  /// The kernel took one.
  void taken() { --offered_; }
  void release(std::uint32_t id) { free_.push_back(static_cast<std::uint16_t>(id)); }

  /// Neither offered nor free: a receive asked for now could only fail with -ENOBUFS.
  [[nodiscard]] bool exhausted() const { return offered_ == 0 && free_.empty(); }
  [[nodiscard]] std::byte* at(std::uint32_t id) const { return memory_ + std::size_t{id} * buffer_bytes_; }

  static constexpr std::uint16_t kGroup = 0;

 private:
  /// As many as may be taken in one batch before the next `offer`; a batch that takes more gets -ENOBUFS and asks
  /// again.
  static constexpr std::uint32_t kOffered = 256;

  io_uring* ring_ = nullptr;
  io_uring_buf_ring* offers_ = nullptr;
  std::byte* memory_ = nullptr;
  std::size_t memory_bytes_ = 0;
  std::uint32_t buffer_bytes_ = 0;
  std::uint32_t offered_ = 0;
  std::vector<std::uint16_t> free_;  ///< last in, first out
};

}  // namespace ringway::proxy
