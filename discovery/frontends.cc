#include "discovery/frontends.h"

#include <algorithm>
#include <set>
#include <string>

#include "discovery/candidates.h"

namespace ringway::discovery {
namespace {

class Builder {
 public:
  Builder(const config::Service& service, std::vector<Frontend>& into)
      : service_(service), vips_(virtual_ips(service)), dual_(is_dual_stack(service)), into_(into) {}

  void add(Side side, const proxy::SocketAddress& address) {
    const bool v6 = address.ip().is_v6();
    if (!vips_.empty() && std::ranges::find(vips_, v6, &proxy::IpAddress::is_v6) == vips_.end()) {
      return;
    }
    if (!taken_.insert(address).second) {
      return;
    }
    place(side, dual_ ? (v6 ? Family::kV6 : Family::kV4) : Family::kAny).listen.push_back(address);
  }
  void add(Side side, const std::vector<std::string>& ips, std::uint16_t port) {
    for (const std::string& text : ips) {
      if (const auto ip = proxy::IpAddress::parse(text)) {
        add(side, {*ip, port});
      }
    }
  }
  Frontend& place(Side side, Family family) {
    const auto found =
        std::ranges::find_if(into_, [&](const Frontend& one) { return one.side == side && one.family == family; });
    if (found != into_.end()) {
      return *found;
    }
    const bool local = side == Side::kInternal ? service_.internal_local : service_.external_local;
    return into_.emplace_back(Frontend{side, family, local, {}});
  }

 private:
  const config::Service& service_;
  std::vector<proxy::IpAddress> vips_;
  bool dual_;
  std::set<proxy::SocketAddress> taken_;
  std::vector<Frontend>& into_;
};

}  // namespace

std::string_view to_string(Side side) {
  switch (side) {
    case Side::kInternal:
      return "internal";
    case Side::kExternal:
      return "external";
    case Side::kBalancer:
      return "balancer";
  }
  return "";
}

std::string_view to_string(Family family) {
  switch (family) {
    case Family::kAny:
      return "any";
    case Family::kV4:
      return "IPv4";
    case Family::kV6:
      return "IPv6";
  }
  return "";
}

bool is_dual_stack(const config::Service& service) {
  return virtual_ips(service).size() > 1;
}

std::vector<Frontend> frontends_of(const config::Service& service, const config::ServicePort& port,
                                   std::span<const proxy::IpAddress> node_addresses) {
  std::vector<Frontend> frontends;
  Builder builder(service, frontends);
  const Side outside = service.internal_local == service.external_local ? Side::kInternal : Side::kExternal;
  builder.add(Side::kInternal, service.cluster_ips, port.port);
  builder.add(service.source_ranges.empty() ? outside : Side::kBalancer, service.ingress_ips, port.port);
  builder.add(outside, service.external_ips, port.port);
  if (port.node_port != 0) {
    for (const proxy::IpAddress& ip : node_addresses) {
      builder.add(outside, {ip, port.node_port});
    }
  }
  if (frontends.empty()) {
    builder.place(outside, Family::kAny);
  }
  return frontends;
}

}  // namespace ringway::discovery
