#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace ringway::proxy::simulated {

/// Bytes in the order in which they came, in a circle that grows to the most there ever were at once.
class ByteQueue {
 public:
  [[nodiscard]] std::uint32_t size() const { return size_; }

  void push(std::span<const std::byte> bytes) {
    if (size_ + bytes.size() > circle_.size()) {
      grow(size_ + bytes.size());
    }
    const std::size_t at = (first_ + size_) & (circle_.size() - 1);
    const std::size_t straight = std::min(bytes.size(), circle_.size() - at);
    std::memcpy(circle_.data() + at, bytes.data(), straight);
    std::memcpy(circle_.data(), bytes.data() + straight, bytes.size() - straight);
    size_ += static_cast<std::uint32_t>(bytes.size());
  }
  /// The oldest, as many as `into` takes; there are as many.
  void pop(std::span<std::byte> into) {
    const std::size_t straight = std::min(into.size(), circle_.size() - first_);
    std::memcpy(into.data(), circle_.data() + first_, straight);
    std::memcpy(into.data() + straight, circle_.data(), into.size() - straight);
    drop(static_cast<std::uint32_t>(into.size()));
  }
  void drop(std::uint32_t count) {
    first_ = circle_.empty() ? 0 : (first_ + count) & (circle_.size() - 1);
    size_ -= count;
  }
  /// Forgets the newest, so that `count` are left.
  void cut(std::uint32_t count) { size_ = std::min(size_, count); }

 private:
  void grow(std::size_t count) {
    std::vector<std::byte> larger(std::bit_ceil(std::max<std::size_t>(count, 64)));
    const std::uint32_t held = size_;
    if (held > 0) {
      pop(std::span(larger).first(held));
    }
    circle_ = std::move(larger);
    first_ = 0;
    size_ = held;
  }

  std::vector<std::byte> circle_;
  std::size_t first_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace ringway::proxy::simulated
