#include "discovery/candidates.h"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <iterator>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace ringway::discovery {
namespace {

/// How much an address is worth with what is said of it.
int rank(const Candidate& candidate) {
  if (candidate.ready && !candidate.terminating) {
    return 3;
  }
  if (!candidate.terminating) {
    return 2;
  }
  return candidate.serving ? 1 : 0;
}

/// One address said by several: what the best of them says holds, and each of them owns it.
void merge(Candidates& all, const proxy::SocketAddress& address, Candidate candidate) {
  const auto [place, is_new] = all.try_emplace(address);
  Candidate& known = place->second;
  if (is_new) {
    known = std::move(candidate);
    return;
  }
  std::vector<std::string> owners;
  std::ranges::set_union(known.origin.get().owners, candidate.origin.get().owners, std::back_inserter(owners));
  const auto worth = [](const Candidate& one) {
    return std::tuple(-rank(one), one.origin.get().owners, one.workload.view());
  };
  if (worth(candidate) < worth(known)) {
    known = std::move(candidate);
  }
  Origin origin = known.origin;
  origin.owners = std::move(owners);
  known.origin = std::move(origin);
}

/// The place of the address's family in the order of the Service's virtual IPs; one more than any where it has none.
std::size_t family_rank(const std::vector<proxy::IpAddress>& vips, const proxy::IpAddress& address) {
  const auto found = std::ranges::find(vips, address.is_v6(), &proxy::IpAddress::is_v6);
  return static_cast<std::size_t>(found - vips.begin());
}

/// The first address of each family of a Service of two; else the first of the Service's family, or of any.
std::vector<proxy::IpAddress> addresses_of(const Workload& workload, const std::vector<proxy::IpAddress>& vips) {
  std::vector<proxy::IpAddress> found;
  for (const proxy::IpAddress& vip : vips) {
    const auto of_family = std::ranges::find(workload.addresses, vip.is_v6(), &proxy::IpAddress::is_v6);
    if (of_family != workload.addresses.end()) {
      found.push_back(*of_family);
    }
  }
  if (found.empty() && vips.size() < 2 && !workload.addresses.empty()) {
    found.push_back(workload.addresses.front());
  }
  return found;
}

/// 0 where the workload has no TCP port of that name.
std::uint16_t port_of(const Workload& workload, const config::ServicePort& port) {
  if (const auto* number = std::get_if<std::uint16_t>(&port.target_port)) {
    return *number == 0 ? port.port : *number;
  }
  const auto [first, last] = workload.ports.equal_range(std::get<std::string>(port.target_port));
  const auto found = std::find_if(first, last, [](const auto& named) { return !named.second.udp; });
  return found == last ? std::uint16_t{0} : found->second.number;
}

std::string qualified(const std::string& ns, const std::string& name) {
  return ns.empty() ? name : ns + "/" + name;
}

/// What the Service says of one with these labels goes before what that says of itself: labels of a container that runs
/// cannot be changed.
void apply(const config::Policy& policy, const Labels& labels, std::optional<std::uint16_t> own, Candidate& candidate) {
  const auto rule = std::ranges::find_if(
      policy.weights, [&labels](const config::WeightRule& one) { return one.selector.matches(labels); });
  if (rule != policy.weights.end()) {
    candidate.weight = rule->weight;
  } else {
    candidate.weight = own ? *own : read_weight(labels).value_or(std::nullopt).value_or(kDefaultWeight);
  }
  const auto tier =
      std::ranges::find_if(policy.tiers, [&labels](const Selector& selector) { return selector.matches(labels); });
  candidate.tier = static_cast<std::uint16_t>(tier - policy.tiers.begin());
}

Origin origin_of(const Workload& workload, const std::string& reason) {
  return {.source = workload.source, .owners = {workload.source + "/" + workload.id}, .reason = reason};
}

Candidate candidate_of(const config::Policy& policy, const Workload& workload) {
  Candidate candidate;
  apply(policy, workload.labels, workload.weight, candidate);
  candidate.ready = workload.ready;
  candidate.terminating = workload.terminating;
  candidate.workload = proxy::SharedText(qualified(workload.ns, workload.name));
  candidate.place = config::Placement{.node = workload.node, .zone = workload.zone, .hint_zones = {}, .hint_nodes = {}};
  candidate.of_this_machine = workload.of_this_machine;
  candidate.origin = origin_of(workload, workload.reason);
  return candidate;
}

const config::EndpointPort* port_in(const config::EndpointSlice& slice, const config::ServicePort& port) {
  const auto found = std::ranges::find_if(slice.ports, [&port](const config::EndpointPort& one) {
    return one.name == port.name && one.protocol == port.protocol && one.port != 0;
  });
  return found == slice.ports.end() ? nullptr : &*found;
}

/// What holds for all of a slice.
struct OfSlice {
  Candidate frame;
  config::Shared<Origin> ready;
  config::Shared<Origin> not_ready;

  OfSlice(const config::Policy& policy, const config::EndpointSlice& slice)
      : ready(Origin{.source = "endpointslice", .owners = {}, .reason = ""}),
        not_ready(Origin{
            .source = "endpointslice", .owners = {}, .reason = "not ready in EndpointSlice " + slice.metadata.name}) {
    apply(policy, slice.metadata.labels, slice.weight, frame);
  }
};

Candidate candidate_of(const OfSlice& of_slice, const config::SliceEndpoint& endpoint) {
  Candidate candidate = of_slice.frame;
  candidate.ready = endpoint.ready;
  candidate.terminating = endpoint.terminating && !endpoint.ready;
  candidate.serving = endpoint.terminating && endpoint.serving;
  candidate.workload = endpoint.workload;
  candidate.place = endpoint.place;
  candidate.origin = endpoint.ready ? of_slice.ready : of_slice.not_ready;
  return candidate;
}

}  // namespace

std::size_t hash_value(const Origin& origin) {
  std::size_t seed = 0;
  boost::hash_combine(seed, origin.source);
  boost::hash_combine(seed, origin.owners);
  boost::hash_combine(seed, origin.reason);
  return seed;
}

std::vector<proxy::IpAddress> virtual_ips(const config::Service& service) {
  std::vector<proxy::IpAddress> vips;
  for (const std::string& text : service.cluster_ips) {
    if (const auto ip = proxy::IpAddress::parse(text)) {
      vips.push_back(*ip);
    }
  }
  return vips;
}

CandidateSet candidates_from_workloads(const config::Service& service, const config::ServicePort& port,
                                       std::span<const Workload* const> members, const Addresses* only) {
  const auto vips = virtual_ips(service);
  CandidateSet set;
  for (const Workload* workload : members) {
    if (only != nullptr &&
        std::ranges::none_of(workload->addresses, [only](const auto& ip) { return only->contains(ip); })) {
      continue;
    }
    Candidate candidate = candidate_of(service.policy, *workload);
    const auto ips = addresses_of(*workload, vips);
    const std::uint16_t number = port_of(*workload, port);
    candidate.ready = candidate.ready || (service.publish_not_ready_addresses && !ips.empty() && number != 0);
    for (const proxy::IpAddress& ip : ips) {
      if (number != 0 && (only == nullptr || only->contains(ip))) {
        merge(set.endpoints, {ip, number}, candidate);
      }
    }
    if (!ips.empty() && number != 0) {
      continue;
    }
    candidate.ready = false;
    if (number == 0) {
      candidate.origin = origin_of(*workload, "no port named " + std::get<std::string>(port.target_port));
    } else if (workload->reason.empty()) {
      candidate.origin = origin_of(*workload, "no address");
    }
    set.unresolved.emplace_back(proxy::SocketAddress(ips.empty() ? proxy::IpAddress() : ips.front(), number),
                                std::move(candidate));
  }
  return set;
}

CandidateSet candidates_from_slices(const config::Service& service, const config::ServicePort& port,
                                    std::span<const config::EndpointSlice* const> slices, const Addresses* only) {
  const auto vips = virtual_ips(service);
  const bool dual = vips.size() > 1;  // then each family has its own
  struct Said {
    std::size_t family = 0;
    proxy::SocketAddress address;
    Candidate candidate;
  };
  std::vector<Said> said;
  std::unordered_map<std::string_view, std::size_t> best_family;  // by workload, which `slices` keep
  for (const config::EndpointSlice* slice : slices) {
    const config::EndpointPort* joined = port_in(*slice, port);
    if (joined == nullptr) {
      continue;
    }
    std::optional<OfSlice> of_slice;
    for (const config::SliceEndpoint& endpoint : slice->endpoints) {
      const proxy::IpAddress& ip = endpoint.address;
      if (only != nullptr && !only->contains(ip)) {
        continue;
      }
      if (!of_slice) {
        of_slice.emplace(service.policy, *slice);
      }
      const std::size_t family = family_rank(vips, ip);
      if (!endpoint.workload.empty() && !dual) {
        auto& best = best_family.try_emplace(endpoint.workload.view(), family).first->second;
        best = std::min(best, family);
      }
      said.push_back({family, {ip, joined->port}, candidate_of(*of_slice, endpoint)});
    }
  }
  CandidateSet set;
  for (Said& one : said) {
    const auto best = best_family.find(one.candidate.workload.view());
    if (best == best_family.end() || best->second == one.family) {
      merge(set.endpoints, one.address, std::move(one.candidate));
    }
  }
  return set;
}

}  // namespace ringway::discovery
