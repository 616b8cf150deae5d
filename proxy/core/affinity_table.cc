#include "proxy/core/affinity_table.h"

#include <algorithm>

namespace ringway::proxy {

std::optional<AffinityTarget> AffinityTable::find(const IpAddress& client, Time now, Duration timeout) const {
  std::optional<AffinityTarget> found;
  sets_.at(client, false, [&](auto places) {
    for (const auto& place : places) {
      if (place.used && place.client == client && now - place.entry.last <= timeout) {
        found = place.entry.target;
      }
    }
  });
  return found;
}

void AffinityTable::set(const IpAddress& client, const AffinityTarget& target, Time now, Duration timeout) {
  sets_.at(client, true, [&](auto places) {
    auto best = places.begin();
    for (auto place = places.begin(); place != places.end(); ++place) {
      if (place->used && place->client == client) {
        best = place;
        break;
      }
      if (best->used && (!place->used || place->entry.last < best->entry.last)) {
        best = place;
      }
    }
    if (best->used && best->client != client && now - best->entry.last <= timeout) {
      evictions_.fetch_add(1, std::memory_order_relaxed);
    }
    *best = {.client = client, .used = true, .entry = {.target = target, .last = now}};
  });
}

std::size_t AffinityTable::clients(Time now, Duration timeout) const {
  std::size_t count = 0;
  sets_.for_each([&](auto places) {
    count += static_cast<std::size_t>(std::ranges::count_if(
        places, [&](const auto& place) { return place.used && now - place.entry.last <= timeout; }));
  });
  return count;
}

}  // namespace ringway::proxy
