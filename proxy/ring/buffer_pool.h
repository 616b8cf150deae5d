#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/core/error.h"

namespace ringway::proxy {

/// The memory that receives fill: one reserved range cut into equal buffers. What was returned last is taken first, so
/// that a few hot pages serve all sessions; memory that was never needed is never touched.
class BufferPool {
 public:
  BufferPool() = default;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  /// `count` buffers of `buffer_bytes`; at most 32,768, for their ids are 16 bits wide in io_uring.
  Result<void> open(std::uint32_t count, std::uint32_t buffer_bytes);

  [[nodiscard]] bool empty() const { return free_.empty(); }
  [[nodiscard]] std::size_t size() const { return free_.size(); }
  /// Only where it is not empty.
  std::uint16_t take() {
    const std::uint16_t id = free_.back();
    free_.pop_back();
    return id;
  }
  void release(std::uint32_t id) { free_.push_back(static_cast<std::uint16_t>(id)); }

  [[nodiscard]] std::byte* at(std::uint32_t id) const { return memory_ + std::size_t{id} * buffer_bytes_; }
  [[nodiscard]] std::uint32_t buffer_bytes() const { return buffer_bytes_; }

 private:
  std::byte* memory_ = nullptr;
  std::size_t memory_bytes_ = 0;
  std::uint32_t buffer_bytes_ = 0;
  std::vector<std::uint16_t> free_;
};

}  // namespace ringway::proxy
