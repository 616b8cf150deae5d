#include "proxy/ring/simulated/buffers.h"

#include <algorithm>
#include <functional>

namespace ringway::proxy::simulated {
namespace {

constexpr std::byte kPoison{0xdd};

}  // namespace

Buffers::Buffers(std::uint32_t count, std::uint32_t buffer_bytes)
    : buffer_bytes_(buffer_bytes),
      memory_(std::make_unique_for_overwrite<std::byte[]>(std::size_t{count} * buffer_bytes)),
      uses_(count) {
  for (std::uint32_t id = count; id > 0; --id) {
    free_.push_back(id - 1);
  }
}

std::uint32_t Buffers::take(EndId end) {
  const std::uint32_t id = free_.back();
  free_.pop_back();
  uses_[id] = {.held = true, .sends = 0, .end = end};
  if (end >= held_of_.size()) {
    held_of_.resize(end + 64);
  }
  ++held_of_[end];
  return id;
}

const char* Buffers::give_back(std::uint32_t id) {
  if (id >= uses_.size()) {
    return "a buffer that is none is released";
  }
  Use& use = uses_[id];
  if (!use.held) {
    return "a buffer is released twice";
  }
  if (use.sends > 0) {
    return "a buffer is released while it is being sent";
  }
  use.held = false;
  --held_of_[use.end];
  std::ranges::fill(at(id), kPoison);
  free_.push_back(id);
  return nullptr;
}

std::optional<std::uint32_t> Buffers::holder(std::span<const std::byte> bytes) const {
  const std::less_equal<const std::byte*> not_after;
  const std::byte* const end = memory_.get() + uses_.size() * buffer_bytes_;
  if (!not_after(memory_.get(), bytes.data()) || !not_after(bytes.data() + bytes.size(), end) || bytes.empty()) {
    return std::nullopt;
  }
  const auto offset = static_cast<std::size_t>(bytes.data() - memory_.get());
  const auto id = static_cast<std::uint32_t>(offset / buffer_bytes_);
  if (!uses_[id].held || offset % buffer_bytes_ + bytes.size() > buffer_bytes_) {
    return std::nullopt;
  }
  return id;
}

}  // namespace ringway::proxy::simulated
