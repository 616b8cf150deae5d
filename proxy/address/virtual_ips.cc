#include "proxy/address/virtual_ips.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_set>
#include <utility>

namespace ringway::proxy {
namespace {

/// A message stays readable with 10,000 addresses that all fail for one reason.
constexpr std::size_t kNamedInError = 50;

std::string join(std::span<const IpAddress> ips) {
  std::string text;
  for (std::size_t i = 0; i < std::min(ips.size(), kNamedInError); ++i) {
    text += (i == 0 ? "" : ", ") + ips[i].to_string();
  }
  if (ips.size() > kNamedInError) {
    text += " and " + std::to_string(ips.size() - kNamedInError) + " more";
  }
  return text;
}

std::uint8_t host_prefix(const IpAddress& ip) {
  return static_cast<std::uint8_t>(ip.size() * 8);
}

std::string by_hand(const IpAddress& ip, const std::string& interface) {
  return "ip addr add " + ip.to_string() + "/" + std::to_string(host_prefix(ip)) + " dev " + interface;
}

/// Why the kernel refused `example` and what a person can do about it.
Error refusal(int errno_value, const IpAddress& example, const std::string& interface) {
  switch (errno_value) {
    case EPERM:
      return {ErrorCode::kPermission,
              "needs CAP_NET_ADMIN (run as root, or setcap cap_net_admin+ep, or add the address yourself: " +
                  by_hand(example, interface) + ")"};
    case EACCES:
      return {ErrorCode::kUnsupported,
              "IPv6 is switched off there (sysctl net.ipv6.conf." + interface + ".disable_ipv6=0 switches it on)"};
    case EADDRNOTAVAIL:
    case EINVAL:
      return {ErrorCode::kInvalid, "the kernel does not take it as the address of a host"};
    default:
      return system_error(errno_value, "netlink");
  }
}

/// One error for all: addresses that failed for one reason stand together.
Error refusals(std::span<const InterfaceAddress> addresses, std::span<const int> results,
               const std::string& interface) {
  std::map<int, std::vector<IpAddress>> by_reason;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (results[i] != 0 && results[i] != EEXIST) {
      by_reason[results[i]].push_back(addresses[i].ip);
    }
  }
  Error whole;
  for (const auto& [errno_value, ips] : by_reason) {
    Error one = refusal(errno_value, ips.front(), interface).prefixed("adding " + join(ips) + " to " + interface);
    const bool first = whole.context.empty();
    whole.code = first ? one.code : whole.code;
    whole.context += (first ? "" : "; ") + one.context;
  }
  return whole;
}

}  // namespace

VirtualIps::VirtualIps(std::string interface, bool manage, bool as_routes, Netlink netlink)
    : interface_(std::move(interface)), manage_(manage), as_routes_(as_routes), netlink_(std::move(netlink)) {}

VirtualIps::~VirtualIps() {
  release(added());
}

Result<std::unique_ptr<VirtualIps>> VirtualIps::open(std::string interface, bool manage, bool as_routes) {
  auto netlink = Netlink::open();
  if (!netlink) {
    return std::unexpected(std::move(netlink.error()).prefixed("virtual IPs"));
  }
  std::unique_ptr<VirtualIps> self(new VirtualIps(std::move(interface), manage, as_routes, std::move(*netlink)));
  if (manage) {
    if (auto swept = self->sweep_orphans(); !swept) {
      return std::unexpected(std::move(swept.error()).prefixed("virtual IPs"));
    }
  }
  return self;
}

Result<std::vector<InterfaceAddress>> VirtualIps::sweep_orphans() {
  auto all = netlink_.addresses();
  if (!all || !manage_) {
    return all;
  }
  if (auto routes = netlink_.local_routes(); routes) {
    all->insert(all->end(), routes->begin(), routes->end());
  } else {
    return routes;
  }
  const auto begin = std::stable_partition(all->begin(), all->end(), [&](const InterfaceAddress& address) {
    return !Slot::is_ours(address.protocol) || (slot_ && slot_->protocol() == address.protocol);
  });
  std::vector<InterfaceAddress> marked(begin, all->end());
  all->erase(begin, all->end());
  for (std::uint8_t number = 0; number < Slot::kCount && !marked.empty(); ++number) {
    const auto of_slot = std::stable_partition(marked.begin(), marked.end(), [&](const InterfaceAddress& address) {
      return address.protocol != Slot::kFirstProtocol + number;
    });
    const std::vector<InterfaceAddress> ours(of_slot, marked.end());
    marked.erase(of_slot, marked.end());
    // Held until its addresses are gone, so that a daemon that starts meanwhile cannot add under this number.
    const auto held = ours.empty() ? std::nullopt : Slot::claim(number);
    const auto removed = held ? netlink_.remove(ours) : Result<std::vector<int>>(std::vector<int>(ours.size(), EBUSY));
    if (!removed) {
      return std::unexpected(removed.error());
    }
    for (std::size_t i = 0; i < ours.size(); ++i) {
      if ((*removed)[i] != 0 && (*removed)[i] != EADDRNOTAVAIL && (*removed)[i] != ESRCH) {
        all->push_back(ours[i]);
      }
    }
  }
  return all;
}

Result<std::vector<IpAddress>> VirtualIps::missing(std::span<const IpAddress> wanted) {
  std::vector<IpAddress> candidates;
  std::unordered_set<IpAddress> seen;
  for (const IpAddress& ip : wanted) {
    if ((ip.is_v6() || !ip.is_loopback()) && seen.insert(ip).second) {
      candidates.push_back(ip);
    }
  }
  if (candidates.empty()) {
    return candidates;
  }
  auto all = sweep_orphans();
  if (!all) {
    return std::unexpected(std::move(all.error()));
  }
  auto local = netlink_.are_local(candidates);
  if (!local) {
    return std::unexpected(std::move(local.error()));
  }
  // An IPv6 address has no local route while it is tentative; an IPv4 address on an interface that is down has none
  // either, and is no use.
  std::unordered_set<IpAddress> carried;
  for (const InterfaceAddress& address : *all) {
    if (address.ip.is_v6()) {
      carried.insert(address.ip);
    }
  }
  std::vector<IpAddress> result;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!(*local)[i] && !carried.contains(candidates[i])) {
      result.push_back(candidates[i]);
    }
  }
  return result;
}

Result<std::uint32_t> VirtualIps::interface_index() const {
  const std::uint32_t index = interface_.size() < IF_NAMESIZE ? if_nametoindex(interface_.c_str()) : 0;
  if (index == 0) {
    return failure(ErrorCode::kNotFound, "no interface named " + interface_ + " (see ip link)");
  }
  ifreq request{};
  interface_.copy(request.ifr_name, IF_NAMESIZE - 1);
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool known = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0;
  close(fd);
  if (known && (request.ifr_flags & IFF_UP) == 0) {
    return failure(ErrorCode::kUnavailable, "interface " + interface_ + " is down (ip link set " + interface_ + " up)");
  }
  return index;
}

Error VirtualIps::not_local(std::span<const IpAddress> ips) const {
  return {ErrorCode::kPermission, join(ips) + (ips.size() == 1 ? " is not local" : " are not local") +
                                      " and virtualIPs.mode is off (set it to auto, or add the address yourself: " +
                                      by_hand(ips.front(), interface_) + ")"};
}

Result<std::vector<IpAddress>> VirtualIps::ensure(std::span<const IpAddress> wanted) {
  auto ips = missing(wanted);
  if (!ips || ips->empty()) {
    return ips;
  }
  if (!manage_) {
    return std::unexpected(not_local(*ips));
  }
  const auto index = interface_index();
  if (!index) {
    return std::unexpected(Error(index.error()).prefixed("adding " + join(*ips)));
  }
  if (!slot_ && !(slot_ = Slot::claim_lowest())) {
    return failure(ErrorCode::kExhausted, "adding " + join(*ips) + ": " + std::to_string(Slot::kCount) +
                                              " daemons, the most, manage addresses in this network namespace already");
  }
  std::vector<InterfaceAddress> addresses;
  addresses.reserve(ips->size());
  for (const IpAddress& ip : *ips) {
    addresses.push_back({ip, *index, host_prefix(ip), slot_->protocol(), as_routes_});
  }
  auto results = netlink_.add(addresses);
  std::vector<IpAddress> added;
  bool failed = !results;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    // Without a result nobody knows which ones went in; the removal of one that did not does no harm.
    const int result = results ? (*results)[i] : 0;
    if (result == 0) {
      added.push_back((*ips)[i]);
      added_.emplace((*ips)[i], *index);
    }
    failed = failed || (result != 0 && result != EEXIST);
  }
  if (!failed) {
    return added;
  }
  Error error = results ? refusals(addresses, *results, interface_)
                        : std::move(results.error()).prefixed("adding " + join(*ips) + " to " + interface_);
  release(added);
  return std::unexpected(std::move(error));
}

void VirtualIps::release(std::span<const IpAddress> ips) {
  std::vector<InterfaceAddress> addresses;
  for (const IpAddress& ip : ips) {
    if (const auto found = added_.find(ip); found != added_.end()) {
      // With our protocol, for the kernel takes the first route that fits: that of an address which somebody else has
      // added meanwhile stands before ours.
      addresses.push_back({ip, found->second, host_prefix(ip), slot_->protocol(), as_routes_});
      added_.erase(found);
    }
  }
  // A removal that fails has nothing left to be done about it: somebody else removed the address or its interface, or
  // the right was given up; the mark lets the next daemon see to what is still there.
  static_cast<void>(netlink_.remove(addresses));
}

std::vector<IpAddress> VirtualIps::added() const {
  std::vector<IpAddress> ips;
  ips.reserve(added_.size());
  for (const auto& [ip, index] : added_) {
    ips.push_back(ip);
  }
  return ips;
}

}  // namespace ringway::proxy
