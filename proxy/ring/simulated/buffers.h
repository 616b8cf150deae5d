#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "proxy/ring/simulated/trace.h"

namespace ringway::proxy::simulated {

/// The buffers of a simulated ring, which know who holds them and what is being sent out of them. What is given back is
/// overwritten, so that a byte read later is a wrong byte.
class Buffers {
 public:
  Buffers(std::uint32_t count, std::uint32_t buffer_bytes);

  [[nodiscard]] bool exhausted() const { return free_.empty(); }
  [[nodiscard]] std::uint32_t buffer_bytes() const { return buffer_bytes_; }
  [[nodiscard]] std::size_t held() const { return uses_.size() - free_.size(); }
  /// How many hold what came from `end`.
  [[nodiscard]] std::uint32_t held_of(EndId end) const { return end < held_of_.size() ? held_of_[end] : 0; }

  /// For what comes from `end`. There is one.
  std::uint32_t take(EndId end);
  /// What is wrong with giving it back, or null.
  const char* give_back(std::uint32_t id);
  [[nodiscard]] std::span<std::byte> at(std::uint32_t id) {
    return {memory_.get() + std::size_t{id} * buffer_bytes_, buffer_bytes_};
  }
  /// The held buffer in which `bytes` lie whole.
  [[nodiscard]] std::optional<std::uint32_t> holder(std::span<const std::byte> bytes) const;
  void begin_send(std::uint32_t id) { ++uses_[id].sends; }
  void end_send(std::uint32_t id) { --uses_[id].sends; }

 private:
  struct Use {
    bool held = false;
    std::uint32_t sends = 0;
    EndId end = kNoEnd;
  };

  std::uint32_t buffer_bytes_;
  std::unique_ptr<std::byte[]> memory_;
  std::vector<Use> uses_;
  std::vector<std::uint32_t> free_;  ///< last in, first out
  std::vector<std::uint32_t> held_of_;
};

}  // namespace ringway::proxy::simulated
