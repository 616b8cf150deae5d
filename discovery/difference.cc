#include "discovery/difference.h"

#include <algorithm>
#include <unordered_map>

namespace ringway::discovery {
namespace {

/// A slice may repeat an address: then each of them says it.
using Said = std::unordered_multimap<proxy::IpAddress, const config::SliceEndpoint*>;

bool same_frame(const config::EndpointSlice& before, const config::EndpointSlice& after) {
  return before.ports == after.ports && before.weight == after.weight && before.service == after.service &&
         before.metadata.labels == after.metadata.labels;
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
  if (after != nullptr) {
    for (const config::SliceEndpoint& endpoint : after->endpoints) {
      if (!take(said, endpoint)) {
        changed.insert(endpoint.address);
      }
    }
  }
  for (const auto& [address, endpoint] : said) {
    changed.insert(address);
  }
  return changed;
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
    return !slice->endpoints.empty() && slice->endpoints.front().address.is_v6();
  };
  const auto counts = [](const config::EndpointSlice* slice) { return !slice->endpoints.empty(); };
  const auto v6 = std::ranges::count_if(slices, is_v6);
  return v6 == 0 || v6 == std::ranges::count_if(slices, counts);
}

}  // namespace ringway::discovery
