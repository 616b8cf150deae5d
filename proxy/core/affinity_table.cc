#include "proxy/core/affinity_table.h"

#include <algorithm>
#include <functional>
#include <span>

namespace ringway::proxy {

class AffinityTable::Hold {
 public:
  explicit Hold(Set& set) : set_(set) {
    while (std::atomic_ref(set_.busy).exchange(1, std::memory_order_acquire) != 0) {
    }
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() { std::atomic_ref(set_.busy).store(0, std::memory_order_release); }

  [[nodiscard]] std::span<Place> places() const { return set_.places; }

 private:
  Set& set_;
};

// NOLINTNEXTLINE(*-no-malloc,*-owning-memory): see Set
AffinityTable::AffinityTable() : sets_(static_cast<Set*>(std::calloc(kSets, sizeof(Set)))) {}

std::size_t AffinityTable::set_of(const IpAddress& client) {
  return std::hash<IpAddress>{}(client) % kSets;
}

bool AffinityTable::visited(std::size_t set) const {
  return (visited_[set / kWord_bits].load(std::memory_order_relaxed) >> (set % kWord_bits) & 1U) != 0;
}

std::optional<AffinityTarget> AffinityTable::find(const IpAddress& client, Time now, Duration timeout) const {
  const std::size_t set = set_of(client);
  if (!visited(set)) {
    return std::nullopt;
  }
  const Hold hold(sets_[set]);
  for (const Place& place : hold.places()) {
    if (place.used && place.client == client && now - place.last <= timeout) {
      return place.target;
    }
  }
  return std::nullopt;
}

void AffinityTable::set(const IpAddress& client, const AffinityTarget& target, Time now, Duration timeout) {
  if (sets_ == nullptr) {
    return;
  }
  const std::size_t set = set_of(client);
  if (!visited(set)) {
    visited_[set / kWord_bits].fetch_or(std::uint64_t{1} << (set % kWord_bits), std::memory_order_relaxed);
  }
  const Hold hold(sets_[set]);
  Place* best = nullptr;
  for (Place& place : hold.places()) {
    if (place.used && place.client == client) {
      best = &place;
      break;
    }
    if (best == nullptr || (best->used && (!place.used || place.last < best->last))) {
      best = &place;
    }
  }
  if (best->used && best->client != client && now - best->last <= timeout) {
    evictions_.fetch_add(1, std::memory_order_relaxed);
  }
  *best = {.client = client, .target = target, .used = true, .last = now};
}

std::size_t AffinityTable::clients(Time now, Duration timeout) const {
  std::size_t count = 0;
  for (std::size_t set = 0; set < kSets; ++set) {
    if (!visited(set)) {
      continue;
    }
    const Hold hold(sets_[set]);
    count += static_cast<std::size_t>(std::ranges::count_if(
        hold.places(), [&](const Place& place) { return place.used && now - place.last <= timeout; }));
  }
  return count;
}

}  // namespace ringway::proxy
