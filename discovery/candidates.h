#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/shared.h"
#include "config/values.h"
#include "discovery/labels/weight.h"
#include "discovery/source/watcher.h"
#include "proxy/core/snapshot.h"

namespace ringway::discovery {

/// Who says that a workload is there.
struct Origin {
  std::string source;               ///< "docker", "file", "endpointslice"
  std::vector<std::string> owners;  ///< the workloads behind the address, sorted: source and id (EndpointSlices: none)
  std::string reason;               ///< why it is not ready; "" when it is

  bool operator==(const Origin&) const = default;
};
/// As config::Shared asks for it.
[[nodiscard]] std::size_t hash_value(const Origin& origin);

/// What the sources say of one address behind one port of a Service, before health and policy.
struct Candidate {
  bool ready = false;            ///< as EndpointSlices mean it: may get sessions, as far as its source knows
  bool serving = false;          ///< terminating, but still of use where nothing is ready (EndpointSlices only)
  bool terminating = false;      ///< on its way out: its sessions drain
  bool of_this_machine = false;  ///< on our node, whatever that is called
  std::uint16_t weight = kDefaultWeight;
  std::uint16_t tier = 0;      ///< by `policy.tiers`
  proxy::SharedText workload;  ///< `namespace/name`, the name alone where it has no namespace, "" for a bare address
  config::Shared<config::Placement> place;
  config::Shared<Origin> origin;
};

/// By address, so one address is one endpoint however many say it.
using Candidates = std::map<proxy::SocketAddress, Candidate>;

struct CandidateSet {
  Candidates endpoints;
  /// Selected, but without an address that a session could go to: no named port, or no address at all. Their port, or
  /// their address, is zero.
  std::vector<std::pair<proxy::SocketAddress, Candidate>> unresolved;
};

using Addresses = std::set<proxy::IpAddress>;

/// The Service's own virtual IPs, in its order; texts that are no addresses are left out.
[[nodiscard]] std::vector<proxy::IpAddress> virtual_ips(const config::Service& service);

/// A Service with a selector: `members` are the workloads that it selects. Of a workload's addresses the first of
/// the virtual IP's family is taken, else its first: a proxy may join an IPv4 client to an IPv6 endpoint. With virtual
/// IPs of two families the first of each is taken, and none for a family that the workload has not. `only`, where not
/// null: of these addresses alone.
[[nodiscard]] CandidateSet candidates_from_workloads(const config::Service& service, const config::ServicePort& port,
                                                     std::span<const Workload* const> members,
                                                     const Addresses* only = nullptr);

/// A Service without a selector: `slices` are its own. Joined by port name and protocol; of the addresses of one
/// target those of the virtual IP's family are taken where it has any, and all with virtual IPs of two families.
/// `only`, where not null: of these addresses alone; right only where all `slices` are of one family.
[[nodiscard]] CandidateSet candidates_from_slices(const config::Service& service, const config::ServicePort& port,
                                                  std::span<const config::EndpointSlice* const> slices,
                                                  const Addresses* only = nullptr);

}  // namespace ringway::discovery
