#include "discovery/slot_table.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ringway::discovery {

void SlotTable::assign(std::span<const SlotKey> keys) {
  std::map<SlotKey, std::size_t> next;
  std::vector<bool> taken(size_);
  for (const SlotKey& key : keys) {
    if (const auto known = slots_.find(key); known != slots_.end()) {
      next.insert(*known);
      taken[known->second] = true;
    }
  }
  std::size_t slot = 0;
  for (const SlotKey& key : keys) {
    if (next.contains(key)) {
      continue;
    }
    while (slot < taken.size() && taken[slot]) {
      ++slot;
    }
    next.emplace(key, slot++);
  }
  size_ = std::max(size_, slot);
  slots_ = std::move(next);
}

std::optional<std::size_t> SlotTable::slot_of(const SlotKey& key) const {
  const auto found = slots_.find(key);
  return found == slots_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace ringway::discovery
