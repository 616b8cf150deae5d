#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "proxy/core/snapshot.h"

namespace ringway::discovery {

/// A frontend of a port of a Service.
struct SlotKey {
  proxy::ServiceKey service;
  std::uint8_t frontend = 0;  ///< Frontend::id

  auto operator<=>(const SlotKey&) const = default;
};

/// Which place in `Snapshot::ports` each SlotKey has. A key keeps its slot for as long as it is configured; a new
/// one takes the lowest that is free. A value: a copy shows what an assignment would give.
class SlotTable {
 public:
  /// From now on exactly `keys` have slots. They are given in the order of `keys`, so that equal tables stay equal.
  void assign(std::span<const SlotKey> keys);

  [[nodiscard]] std::optional<std::size_t> slot_of(const SlotKey& key) const;
  /// One more than the highest slot that was ever given: a snapshot never gets shorter.
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::map<SlotKey, std::size_t> slots_;
  std::size_t size_ = 0;
};

}  // namespace ringway::discovery
