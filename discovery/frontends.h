#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "config/values.h"
#include "proxy/core/address.h"

namespace ringway::discovery {

/// Who comes in by the addresses of a frontend.
enum class Side : std::uint8_t {
  kInternal,  ///< by the cluster IPs, and by all others where nothing tells them apart
  kExternal,  ///< by node ports, external IPs and load balancer's IPs, under a traffic policy of their own
  kBalancer,  ///< by load balancer's IPs, from spec.loadBalancerSourceRanges alone
};
/// "internal", "external", "balancer".
[[nodiscard]] std::string_view to_string(Side side);

/// Whose endpoints a frontend has: those of its own family where the Service is of two, which are then independent.
enum class Family : std::uint8_t { kAny, kV4, kV6 };
/// "any", "IPv4", "IPv6".
[[nodiscard]] std::string_view to_string(Family family);

/// Addresses of one port of a Service that share a view of its endpoints.
struct Frontend {
  Side side = Side::kInternal;
  Family family = Family::kAny;
  bool local = false;  ///< this node's endpoints alone, by the traffic policy of its side
  std::vector<proxy::SocketAddress> listen;

  /// Among those of its port.
  [[nodiscard]] std::uint8_t id() const {
    return static_cast<std::uint8_t>(static_cast<unsigned>(side) * 3 + static_cast<unsigned>(family));
  }
  bool operator==(const Frontend&) const = default;
};

/// The frontends of a port, at least one, be it without an address. `node_addresses` are those that node ports listen
/// on. An address that stands in two lists of the Service belongs to the first of: cluster IPs, load balancer's IPs,
/// external IPs. Addresses of a family that the Service's cluster IPs have not are left out, as with kube-proxy.
[[nodiscard]] std::vector<Frontend> frontends_of(const config::Service& service, const config::ServicePort& port,
                                                 std::span<const proxy::IpAddress> node_addresses);

/// Whether the Service has cluster IPs of two families.
[[nodiscard]] bool is_dual_stack(const config::Service& service);

}  // namespace ringway::discovery
