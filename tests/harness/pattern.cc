#include "tests/harness/pattern.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <vector>

namespace ringway::test {
namespace {

/// splitmix64 (Sebastiano Vigna, public domain): word `index` of a stream without walking to it.
std::uint64_t word(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

}  // namespace

void fill_pattern(std::uint64_t seed, std::uint64_t offset, std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const std::uint64_t at = offset + done;
    const std::uint64_t value = word(seed, at / 8);
    const std::size_t skip = at % 8;
    const std::size_t take = std::min<std::size_t>(8 - skip, into.size() - done);
    std::memcpy(into.data() + done, reinterpret_cast<const char*>(&value) + skip, take);
    done += take;
  }
}

bool is_pattern(std::uint64_t seed, std::uint64_t offset, std::span<const std::byte> bytes) {
  std::array<std::byte, 4096> expected;
  for (std::size_t done = 0; done < bytes.size();) {
    const std::size_t take = std::min(expected.size(), bytes.size() - done);
    fill_pattern(seed, offset + done, {expected.data(), take});
    if (std::memcmp(expected.data(), bytes.data() + done, take) != 0) {
      return false;
    }
    done += take;
  }
  return true;
}

std::uint64_t next_seed() {
  static const std::uint64_t start = std::random_device{}();
  static std::atomic<std::uint64_t> counter{0};
  return word(start, counter++);
}

std::size_t PatternWriter::peek(std::span<std::byte> into) const {
  if (written_ < kSeedBytes) {
    const std::size_t take = std::min<std::size_t>(kSeedBytes - written_, into.size());
    std::memcpy(into.data(), reinterpret_cast<const char*>(&seed_) + written_, take);
    return take;
  }
  const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, into.size()));
  fill_pattern(seed_, written_ - kSeedBytes, into.first(take));
  return take;
}

void PatternWriter::advance(std::size_t bytes) {
  written_ += bytes;
  left_ -= bytes;
}

bool PatternReader::feed(std::span<const std::byte> bytes) {
  while (!bytes.empty() && read_ < kSeedBytes) {
    seed_[read_++] = bytes.front();
    bytes = bytes.subspan(1);
  }
  if (!bytes.empty()) {
    std::uint64_t seed = 0;
    std::memcpy(&seed, seed_.data(), sizeof seed);
    right_ = right_ && is_pattern(seed, read_ - kSeedBytes, bytes);
    read_ += bytes.size();
  }
  return right_;
}

}  // namespace ringway::test
