#include "discovery/difference.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace ringway::discovery {
namespace {

/// A slice may repeat an address: then each of them says it.
using Said = std::unordered_multimap<std::string_view, const config::SliceEndpoint*>;

bool same_frame(const config::EndpointSlice& before, const config::EndpointSlice& after) {
  return before.ports == after.ports && before.weight == after.weight && before.service == after.service &&
         before.metadata.labels == after.metadata.labels;
}

/// False where the text is no address.
bool note(std::string_view text, Addresses& changed) {
  const auto ip = proxy::IpAddress::parse(text);
  if (ip) {
    changed.insert(*ip);
  }
  return ip.has_value();
}

/// Takes out one that says the same.
bool take(Said& said, const config::SliceEndpoint& endpoint) {
  const auto [first, last] = said.equal_range(endpoint.address);
  const auto same = std::find_if(first, last, [&endpoint](const auto& one) { return *one.second == endpoint; });
  if (same == last) {
    return false;
  }
  said.erase(same);
  return true;
}

}  // namespace

std::optional<Addresses> changed_addresses(const config::EndpointSlice* before, const config::EndpointSlice* after) {
  if (before != nullptr && after != nullptr && !same_frame(*before, *after)) {
    return std::nullopt;
  }
  Said said;
  if (before != nullptr) {
    for (const config::SliceEndpoint& endpoint : before->endpoints) {
      said.emplace(endpoint.address, &endpoint);
    }
  }
  Addresses changed;
  bool all_known = true;
  if (after != nullptr) {
    for (const config::SliceEndpoint& endpoint : after->endpoints) {
      all_known = all_known && (take(said, endpoint) || note(endpoint.address, changed));
    }
  }
  for (const auto& [address, endpoint] : said) {
    all_known = all_known && note(address, changed);
  }
  return all_known ? std::optional(std::move(changed)) : std::nullopt;
}

std::optional<Addresses> changed_addresses(const Workload* before, const Workload* after) {
  Addresses changed;
  for (const Workload* one : {before, after}) {
    if (one != nullptr) {
      if (one->addresses.empty()) {
        return std::nullopt;
      }
      changed.insert(one->addresses.begin(), one->addresses.end());
    }
  }
  return changed;
}

bool of_one_family(std::span<const config::EndpointSlice* const> slices) {
  const auto is_v6 = [](const config::EndpointSlice* slice) {
    return !slice->endpoints.empty() && slice->endpoints.front().address.contains(':');
  };
  const auto counts = [](const config::EndpointSlice* slice) { return !slice->endpoints.empty(); };
  const auto v6 = std::ranges::count_if(slices, is_v6);
  return v6 == 0 || v6 == std::ranges::count_if(slices, counts);
}

}  // namespace ringway::discovery
