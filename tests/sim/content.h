#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "proxy/ring/simulated/trace.h"
#include "tests/sim/preface.h"

namespace ringway::sim {

/// What a peer says after its preface: each byte follows from who says it and where in its stream it stands, so that
/// one that is lost, doubled, moved or somebody else's is seen at once.
class Content {
 public:
  explicit Content(proxy::simulated::EndId speaker)
      : preface_(preface_of(speaker)), key_((std::uint64_t{speaker} + 1) * 0x9e3779b97f4a7c15ULL) {}

  void write(std::uint64_t position, std::span<std::byte> into) const {
    write_code(position, into);
    if (position < preface_.size()) {
      const std::string_view said = std::string_view(preface_).substr(position, into.size());
      std::memcpy(into.data(), said.data(), said.size());
    }
  }

  [[nodiscard]] bool matches(std::uint64_t position, std::span<const std::byte> bytes) const {
    std::array<std::byte, 512> expected;
    for (std::size_t done = 0; done < bytes.size(); done += expected.size()) {
      const std::size_t count = std::min(expected.size(), bytes.size() - done);
      write(position + done, std::span(expected).first(count));
      if (std::memcmp(expected.data(), bytes.data() + done, count) != 0) {
        return false;
      }
    }
    return true;
  }

 private:
  static constexpr std::size_t kWord = sizeof(std::uint64_t);

  void write_code(std::uint64_t position, std::span<std::byte> into) const {
    std::uint64_t index = position / kWord;
    if (const std::size_t skip = position % kWord; skip > 0) {
      const std::uint64_t first = word(index++);
      const std::size_t count = std::min(kWord - skip, into.size());
      std::memcpy(into.data(), reinterpret_cast<const std::byte*>(&first) + skip, count);
      into = into.subspan(count);
    }
    for (; into.size() >= kWord; into = into.subspan(kWord)) {
      const std::uint64_t whole = word(index++);
      std::memcpy(into.data(), &whole, kWord);
    }
    const std::uint64_t last = word(index);
    std::memcpy(into.data(), &last, into.size());
  }

  [[nodiscard]] std::uint64_t word(std::uint64_t index) const {
    const std::uint64_t mixed = (key_ ^ index) * 0xff51afd7ed558ccdULL;
    return mixed ^ (mixed >> 29);
  }

  std::string preface_;
  std::uint64_t key_;
};

}  // namespace ringway::sim
