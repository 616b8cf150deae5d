#include "proxy/core/client_limits.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

namespace ringway::proxy {
namespace {

constexpr std::int64_t kToken = 1'000'000;

IpAddress network_of(const IpAddress& client, std::uint8_t ipv6_bits) {
  if (!client.is_v6()) {
    return client;
  }
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(std::span(client.bytes(), bytes.size()), bytes.begin());
  for (std::size_t bit = ipv6_bits; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  return IpAddress::from_bytes(bytes);
}

/// What `client` has, or the place that was idle the longest; null where all others have sessions.
template <typename Places>
auto* place_of(Places places, const IpAddress& client) {
  typename Places::pointer best = nullptr;
  for (auto& place : places) {
    if (place.used && place.client == client) {
      return &place;
    }
    const bool idle = !place.used || place.entry.active == 0;
    if (idle && (best == nullptr || (best->used && (!place.used || place.entry.last < best->entry.last)))) {
      best = &place;
    }
  }
  return best;
}

}  // namespace

ClientLimits::Verdict ClientLimits::enter(const IpAddress& client, const ClientLimit& limit, Time now) {
  const IpAddress who = network_of(client, limit.ipv6_bits);
  Verdict verdict = Verdict::kUntracked;
  sets_.at(who, true, [&](auto places) {
    auto* place = place_of(places, who);
    if (place == nullptr) {
      return;
    }
    const std::int64_t full = kToken * std::max<std::int64_t>(limit.burst, 1);
    if (!place->used || place->client != who) {
      *place = {.client = who, .used = true, .entry = {.active = 0, .tokens = full, .last = now}};
    }
    Entry& entry = place->entry;
    // After an hour any bucket is full, and a longer time could make the product too large.
    const auto since = std::min<Duration>(now - entry.last, std::chrono::hours(1));
    const auto earned = std::chrono::duration_cast<std::chrono::microseconds>(since).count() * limit.rate;
    entry.tokens = std::min(full, entry.tokens + earned);
    entry.last = now;
    if (limit.max_connections > 0 && entry.active >= limit.max_connections) {
      verdict = Verdict::kTooMany;
    } else if (limit.rate > 0 && entry.tokens < kToken) {
      verdict = Verdict::kTooFast;
    } else {
      entry.tokens -= limit.rate > 0 ? kToken : 0;
      ++entry.active;
      verdict = Verdict::kAllowed;
    }
  });
  untracked_.fetch_add(verdict == Verdict::kUntracked ? 1 : 0, std::memory_order_relaxed);
  return verdict;
}

void ClientLimits::leave(const IpAddress& client, const ClientLimit& limit) {
  const IpAddress who = network_of(client, limit.ipv6_bits);
  sets_.at(who, false, [&](auto places) {
    for (auto& place : places) {
      if (place.used && place.client == who && place.entry.active > 0) {
        --place.entry.active;
      }
    }
  });
}

std::size_t ClientLimits::clients() const {
  std::size_t count = 0;
  sets_.for_each([&](auto places) {
    count += static_cast<std::size_t>(
        std::ranges::count_if(places, [](const auto& place) { return place.used && place.entry.active > 0; }));
  });
  return count;
}

}  // namespace ringway::proxy
