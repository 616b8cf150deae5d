#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "proxy/ring/ring.h"

namespace ringway::proxy::simulated {

inline constexpr std::uint32_t kNoOperation = 0xffffffff;

/// What a file descriptor of the simulation stands for.
struct Descriptor {
  enum class Kind : std::uint8_t { kNone, kListener, kStream, kPipe };
  Kind kind = Kind::kNone;
  bool closing = false;      ///< the close stands in the submission queue
  std::uint32_t target = 0;  ///< ListenerId, EndId or pipe
  /// At most one operation for each way, `Readiness` the index.
  std::array<std::uint32_t, 2> operations{kNoOperation, kNoOperation};

  [[nodiscard]] std::uint32_t& operation(Readiness way) { return operations[static_cast<std::size_t>(way)]; }
  [[nodiscard]] bool busy() const { return operations[0] != kNoOperation || operations[1] != kNoOperation; }
};

/// The files of a process: the lowest free number is given first, as the kernel does, so that numbers come back at
/// once.
class Descriptors {
 public:
  explicit Descriptors(std::uint32_t limit) : limit_(limit), table_(kFirst) {}

  /// -1 where `limit` are open. A listener finds room always: one that does not is never handed to the data plane.
  int open(Descriptor::Kind kind, std::uint32_t target) {
    if (open_ >= limit_ && kind != Descriptor::Kind::kListener) {
      return -1;
    }
    while (lowest_ < table_.size() && table_[lowest_].kind != Descriptor::Kind::kNone) {
      ++lowest_;
    }
    if (lowest_ == table_.size()) {
      table_.emplace_back();
    }
    table_[lowest_] = {.kind = kind, .target = target};
    ++open_;
    return static_cast<int>(lowest_);
  }
  void close(int fd) {
    table_[static_cast<std::size_t>(fd)] = {};
    lowest_ = std::min(lowest_, static_cast<std::size_t>(fd));
    --open_;
  }
  /// Null for what is not open.
  [[nodiscard]] Descriptor* find(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    return fd < kFirst || index >= table_.size() || table_[index].kind == Descriptor::Kind::kNone ? nullptr
                                                                                                  : &table_[index];
  }
  [[nodiscard]] std::uint32_t open_count() const { return open_; }

 private:
  /// Standard input, output and error are somebody else's.
  static constexpr int kFirst = 3;

  std::uint32_t limit_;
  std::uint32_t open_ = 0;
  std::size_t lowest_ = kFirst;
  std::vector<Descriptor> table_;
};

}  // namespace ringway::proxy::simulated
