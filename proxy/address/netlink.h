#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proxy/core/address.h"
#include "proxy/core/error.h"

struct mnl_socket;
struct nlmsghdr;

namespace ringway::proxy {

/// An address that an interface of this network namespace carries, or that a route makes local without that.
struct InterfaceAddress {
  IpAddress ip;
  std::uint32_t interface_index = 0;
  std::uint8_t prefix_length = 0;
  std::uint8_t protocol = 0;  ///< who added it: IFA_PROTO, 0 where nobody said so or before Linux 5.18; rtm_protocol
  bool routed = false;        ///< a route of type local in the table of that name, and no address
};

/// A rule that leads packets with a mark to a table with one route in it, by which every address is local.
struct MarkRule {
  bool v6 = false;
  std::uint32_t mark = 0;  ///< all of its bits, whatever the others are
  std::uint32_t table = 0;
  std::uint32_t priority = 0;
  std::uint8_t protocol = 0;  ///< FRA_PROTOCOL, RTA_PROTOCOL: who added it; 0 where nobody said so
};

/// The few questions and orders of rtnetlink(7) that virtual IPs and transparent sources need, over one socket. Blocks,
/// at most kReplyTimeout for each reply. One thread at a time.
class Netlink {
 public:
  static Result<Netlink> open();
  Netlink(Netlink&& other) noexcept;
  Netlink& operator=(Netlink&& other) noexcept;
  ~Netlink();

  /// Every IPv4 and IPv6 address of every interface.
  Result<std::vector<InterfaceAddress>> addresses();
  /// Every local route that was added by somebody and does not come of an address.
  Result<std::vector<InterfaceAddress>> local_routes();

  /// For each address whether the kernel delivers packets for it to this host: a route lookup that ends in RTN_LOCAL.
  /// Asking the routes and not bind(2) keeps `ip_nonlocal_bind` from lying, and knows a whole local prefix (`ip addr
  /// add 10.0.0.0/8 dev lo`).
  Result<std::vector<bool>> are_local(std::span<const IpAddress> ips);

  /// For each address the one of ours that packets to it would leave with; nothing where no route leads there.
  Result<std::vector<std::optional<IpAddress>>> sources(std::span<const IpAddress> ips);

  /// Adds each address; the result holds an errno for each, 0 where it went well. EEXIST: the interface has it already.
  Result<std::vector<int>> add(std::span<const InterfaceAddress> addresses);
  /// Removes each address; the result holds an errno for each. EADDRNOTAVAIL, of a route ESRCH: it was not there.
  Result<std::vector<int>> remove(std::span<const InterfaceAddress> addresses);

  /// Every rule that looks at a mark, IPv4's and IPv6's.
  Result<std::vector<MarkRule>> mark_rules();
  /// Adds the rule, then the route (`local default dev lo`): a route that is there has its rule. An errno; EEXIST where
  /// either was there.
  Result<int> add_rule(const MarkRule& rule);
  /// Removes the route, then the rule. The errno of the latter; ENOENT: it was not there.
  Result<int> remove_rule(const MarkRule& rule);

 private:
  explicit Netlink(mnl_socket* socket);
  using Fill = std::function<void(nlmsghdr& message, std::size_t index)>;
  using Reply = std::function<void(const nlmsghdr& message, std::size_t index)>;
  /// Sends `count` requests in batches; calls `reply` with the one answer of each.
  Result<void> exchange(std::size_t count, const Fill& fill, const Reply& reply);
  Result<std::vector<int>> change(bool add, std::span<const InterfaceAddress> addresses);
  Result<int> change_rule(std::uint16_t type, std::uint16_t flags, const MarkRule& rule);
  Result<int> change_route(std::uint16_t type, std::uint16_t flags, const MarkRule& rule);
  using Read = std::function<void(const nlmsghdr& message)>;
  /// Asks for all of a kind; again, after `begin`, where they changed meanwhile. `what` they are, for errors.
  Result<void> dump(std::uint16_t type, std::uint8_t family, std::size_t header_bytes, const std::string& what,
                    const std::function<void()>& begin, const Read& read);
  Result<bool> dump_once(std::uint16_t type, std::uint8_t family, std::size_t header_bytes, const std::string& what,
                         const Read& read);

  mnl_socket* socket_;
  std::uint32_t sequence_ = 1;
};

}  // namespace ringway::proxy
