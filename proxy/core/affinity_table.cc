#include "proxy/core/affinity_table.h"

#include <algorithm>
#include <functional>
#include <span>

namespace ringway::proxy {
namespace {

/// std::hash may leave the bits of an address where they are.
std::uint64_t spread(std::uint64_t hash) {
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  return hash ^ (hash >> 33);
}

}  // namespace

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

AffinityTable::Set& AffinityTable::set_of(const IpAddress& client) const {
  return sets_[spread(std::hash<IpAddress>{}(client)) % kSets];
}

std::optional<AffinityTarget> AffinityTable::find(const IpAddress& client, Time now, Duration timeout) const {
  if (sets_ == nullptr) {
    return std::nullopt;
  }
  const Hold hold(set_of(client));
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
  const Hold hold(set_of(client));
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
  for (std::size_t at = 0; sets_ != nullptr && at < kSets; ++at) {
    const Hold hold(sets_[at]);
    count += static_cast<std::size_t>(std::ranges::count_if(
        hold.places(), [&](const Place& place) { return place.used && now - place.last <= timeout; }));
  }
  return count;
}

}  // namespace ringway::proxy
