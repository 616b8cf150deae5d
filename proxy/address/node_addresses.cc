#include "proxy/address/node_addresses.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "proxy/address/netlink.h"
#include "proxy/address/slot.h"
#include "proxy/core/access_list.h"

namespace ringway::proxy {
namespace {

/// Addresses for documentation (RFC 5737, RFC 3849): nobody has them, so the way there is the default route. Nothing is
/// sent.
constexpr std::array<std::string_view, 2> kElsewhere = {"192.0.2.1", "2001:db8::1"};

bool is_link_local(const IpAddress& ip) {
  return ip.is_v6() ? ip.bytes()[0] == 0xfe && (ip.bytes()[1] & 0xc0U) == 0x80
                    : ip.bytes()[0] == 169 && ip.bytes()[1] == 254;
}

/// What interfaces have, in the kernel's order.
Result<std::vector<IpAddress>> own_addresses(Netlink& netlink, std::span<const IpAddress> others) {
  auto all = netlink.addresses();
  if (!all) {
    return std::unexpected(std::move(all.error()));
  }
  std::vector<IpAddress> own;
  for (const InterfaceAddress& address : *all) {
    const bool foreign = Slot::is_ours(address.protocol) || std::ranges::find(others, address.ip) != others.end();
    if (!foreign && !is_link_local(address.ip)) {
      own.push_back(address.ip);
    }
  }
  return own;
}

Result<void> add_primary(Netlink& netlink, const std::vector<IpAddress>& own, std::set<IpAddress>& into) {
  std::vector<IpAddress> elsewhere;
  for (const std::string_view text : kElsewhere) {
    elsewhere.push_back(IpAddress::parse(text).value());
  }
  const auto sources = netlink.sources(elsewhere);
  if (!sources) {
    return std::unexpected(sources.error());
  }
  for (std::size_t i = 0; i < elsewhere.size(); ++i) {
    const auto first = std::ranges::find_if(
        own, [&](const IpAddress& ip) { return ip.is_v6() == elsewhere[i].is_v6() && !ip.is_loopback(); });
    if (const auto& source = (*sources)[i]; source && std::ranges::find(own, *source) != own.end()) {
      into.insert(*source);
    } else if (first != own.end()) {
      into.insert(*first);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<IpAddress>> node_addresses(const NodeAddressChoice& choice, std::span<const IpAddress> others) {
  auto netlink = Netlink::open();
  if (!netlink) {
    return std::unexpected(std::move(netlink.error()));
  }
  const auto own = own_addresses(*netlink, others);
  if (!own) {
    return std::unexpected(own.error());
  }
  std::set<IpAddress> chosen;
  if (choice.primary) {
    if (auto added = add_primary(*netlink, *own, chosen); !added) {
      return std::unexpected(std::move(added.error()));
    }
  }
  for (const std::string& network : choice.networks) {
    const auto rule = parse_access_rule(network, true);
    if (!rule) {
      continue;
    }
    const AccessList list(std::span(&*rule, 1), false);
    for (const IpAddress& ip : *own) {
      if (list.allows(ip) && (!ip.is_loopback() || rule->network.is_loopback())) {
        chosen.insert(ip);
      }
    }
    // The whole of 127.0.0.0/8 is local without being on an interface.
    if (rule->network.is_loopback() && rule->bits == rule->network.size() * 8) {
      chosen.insert(rule->network);
    }
  }
  return std::vector<IpAddress>(chosen.begin(), chosen.end());
}

}  // namespace ringway::proxy
