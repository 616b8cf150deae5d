#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace ringway::test {

/// Fills `into` with the bytes that stand at `offset` of the endless random stream named by `seed`.
void fill_pattern(std::uint64_t seed, std::uint64_t offset, std::span<std::byte> into);
/// Whether `bytes` are those that stand at `offset` of the stream named by `seed`.
bool is_pattern(std::uint64_t seed, std::uint64_t offset, std::span<const std::byte> bytes);
/// A new seed; no two calls of a process give the same.
std::uint64_t next_seed();

inline constexpr std::size_t kSeedBytes = 8;

/// A stream that can be verified by who knows nothing of its writer: eight bytes of seed, then the pattern.
class PatternWriter {
 public:
  explicit PatternWriter(std::uint64_t pattern_bytes) : left_(kSeedBytes + pattern_bytes) {}
  /// Fills the front of `into` with what comes next and returns how much that is; 0 at the end.
  [[nodiscard]] std::size_t peek(std::span<std::byte> into) const;
  void advance(std::size_t bytes);
  [[nodiscard]] bool done() const { return left_ == 0; }

 private:
  std::uint64_t seed_ = next_seed();
  std::uint64_t written_ = 0;
  std::uint64_t left_;
};

class PatternReader {
 public:
  /// Takes the next bytes of the stream; false from the first wrong byte on.
  bool feed(std::span<const std::byte> bytes);
  [[nodiscard]] bool right() const { return right_; }
  /// Bytes of the pattern so far, the seed not counted.
  [[nodiscard]] std::uint64_t pattern_bytes() const { return read_ < kSeedBytes ? 0 : read_ - kSeedBytes; }

 private:
  std::array<std::byte, kSeedBytes> seed_{};
  std::uint64_t read_ = 0;
  bool right_ = true;
};

}  // namespace ringway::test
