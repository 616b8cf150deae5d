#include "proxy/address/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "proxy/address/netlink_message.h"

namespace ringway::proxy {
namespace {

/// linux/if_addr.h has IFA_PROTO since 5.18; older headers do not stop a newer kernel from knowing it.
constexpr std::uint16_t kAddressProtocol = 11;
/// One reply of the kernel; it answers within the send itself, so this only ends a wait that a bug would make endless.
constexpr timeval kReplyTimeout{.tv_sec = 5, .tv_usec = 0};
/// Requests on the way at once: their replies must fit into the default receive buffer (212,992 bytes; about 1 KiB is
/// charged for each), for a reply that does not fit is lost.
constexpr std::size_t kBatch = 64;
/// Attributes and header of one request of ours are well under this.
constexpr std::size_t kRequestBytes = 128;
/// A dump that changed while it was read is read again.
constexpr int kDumpAttempts = 8;

void read_address(const nlmsghdr& message, std::vector<InterfaceAddress>& into) {
  const auto* header = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(&message));
  if (message.nlmsg_type != RTM_NEWADDR || (header->ifa_family != AF_INET && header->ifa_family != AF_INET6)) {
    return;
  }
  InterfaceAddress address;
  std::optional<IpAddress> local;
  std::optional<IpAddress> prefix;
  for_each_attribute(message, sizeof *header, [&](const nlattr& attribute) {
    const auto type = mnl_attr_get_type(&attribute);
    if (type == IFA_LOCAL && holds_ip(attribute, header->ifa_family)) {
      local = ip_of(attribute, header->ifa_family);
    } else if (type == IFA_ADDRESS && holds_ip(attribute, header->ifa_family)) {
      prefix = ip_of(attribute, header->ifa_family);
    } else if (type == kAddressProtocol && mnl_attr_get_payload_len(&attribute) >= 1) {
      address.protocol = mnl_attr_get_u8(&attribute);
    }
  });
  if (!local && !prefix) {
    return;
  }
  address.ip = local ? *local : *prefix;
  address.interface_index = header->ifa_index;
  address.prefix_length = header->ifa_prefixlen;
  into.push_back(address);
}

int hand_over(const nlmsghdr* message, void* read) {
  (*static_cast<const std::function<void(const nlmsghdr&)>*>(read))(*message);
  return MNL_CB_OK;
}

void read_route(const nlmsghdr& message, std::vector<InterfaceAddress>& into) {
  const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(&message));
  if (message.nlmsg_type != RTM_NEWROUTE || header->rtm_type != RTN_LOCAL || header->rtm_table != RT_TABLE_LOCAL ||
      header->rtm_protocol == RTPROT_KERNEL) {
    return;
  }
  InterfaceAddress address{.prefix_length = header->rtm_dst_len, .protocol = header->rtm_protocol, .routed = true};
  for_each_attribute(message, sizeof *header, [&](const nlattr& attribute) {
    const auto type = mnl_attr_get_type(&attribute);
    if (type == RTA_DST && holds_ip(attribute, header->rtm_family)) {
      address.ip = ip_of(attribute, header->rtm_family);
    } else if (type == RTA_OIF && mnl_attr_get_payload_len(&attribute) >= sizeof(std::uint32_t)) {
      address.interface_index = mnl_attr_get_u32(&attribute);
    }
  });
  into.push_back(address);
}

void fill_address(nlmsghdr& message, const InterfaceAddress& address, bool add) {
  message.nlmsg_type = add ? RTM_NEWADDR : RTM_DELADDR;
  auto* header = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(&message, sizeof(ifaddrmsg)));
  header->ifa_family = address.ip.is_v6() ? AF_INET6 : AF_INET;
  header->ifa_prefixlen = address.prefix_length;
  header->ifa_flags = address.ip.is_v6() ? IFA_F_NODAD : 0;
  header->ifa_scope = RT_SCOPE_UNIVERSE;
  header->ifa_index = address.interface_index;
  mnl_attr_put(&message, IFA_LOCAL, address.ip.size(), address.ip.bytes());
  mnl_attr_put(&message, IFA_ADDRESS, address.ip.size(), address.ip.bytes());
  if (add && address.protocol != 0) {
    mnl_attr_put_u8(&message, kAddressProtocol, address.protocol);
  }
}

/// As `ip route add local IP dev INTERFACE` does.
void fill_route(nlmsghdr& message, const InterfaceAddress& address, bool add) {
  message.nlmsg_type = add ? RTM_NEWROUTE : RTM_DELROUTE;
  auto* header = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(&message, sizeof(rtmsg)));
  header->rtm_family = address.ip.is_v6() ? AF_INET6 : AF_INET;
  header->rtm_dst_len = address.prefix_length;
  header->rtm_table = RT_TABLE_LOCAL;
  header->rtm_protocol = address.protocol;
  header->rtm_scope = address.ip.is_v6() ? RT_SCOPE_UNIVERSE : RT_SCOPE_HOST;
  header->rtm_type = RTN_LOCAL;
  mnl_attr_put(&message, RTA_DST, address.ip.size(), address.ip.bytes());
  mnl_attr_put_u32(&message, RTA_OIF, address.interface_index);
}

}  // namespace

Netlink::Netlink(mnl_socket* socket) : socket_(socket) {}
Netlink::Netlink(Netlink&& other) noexcept
    : socket_(std::exchange(other.socket_, nullptr)), sequence_(other.sequence_) {}

Netlink& Netlink::operator=(Netlink&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(sequence_, other.sequence_);
  return *this;
}

Netlink::~Netlink() {
  if (socket_ != nullptr) {
    mnl_socket_close(socket_);
  }
}

Result<Netlink> Netlink::open() {
  mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
  if (socket == nullptr) {
    return std::unexpected(system_error(errno, "netlink socket"));
  }
  Netlink netlink(socket);
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) != 0) {
    return std::unexpected(system_error(errno, "binding a netlink socket"));
  }
  const int fd = mnl_socket_get_fd(socket);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kReplyTimeout, sizeof kReplyTimeout);
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  // A dump of the routes is then that of the one table that was asked for, whatever a router beside us has in others.
  setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  return netlink;
}

Result<bool> Netlink::dump_once(std::uint16_t type, std::uint8_t family, std::size_t header_bytes,
                                const std::string& what, const Read& read) {
  std::array<char, kRequestBytes> request{};
  nlmsghdr* message = mnl_nlmsg_put_header(request.data());
  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  message->nlmsg_seq = ++sequence_;
  // The headers of all kinds begin with the family.
  *static_cast<std::uint8_t*>(mnl_nlmsg_put_extra_header(message, header_bytes)) = family;
  if (type == RTM_GETROUTE) {
    static_cast<rtmsg*>(mnl_nlmsg_get_payload(message))->rtm_table = RT_TABLE_LOCAL;
  }
  if (mnl_socket_sendto(socket_, message, message->nlmsg_len) < 0) {
    return std::unexpected(system_error(errno, "asking for the " + what));
  }
  std::vector<char> buffer(std::size_t{64} * 1024);
  bool whole = true;
  for (;;) {
    const ssize_t got = mnl_socket_recvfrom(socket_, buffer.data(), buffer.size());
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      return std::unexpected(system_error(errno, "reading the " + what));
    }
    const int step = mnl_cb_run(buffer.data(), static_cast<std::size_t>(got), sequence_, mnl_socket_get_portid(socket_),
                                hand_over, const_cast<Read*>(&read));
    if (step < 0 && errno == EINTR) {
      whole = false;
      break;
    }
    if (step < 0) {
      return std::unexpected(system_error(errno, "reading the " + what));
    }
    if (step == MNL_CB_STOP) {
      break;
    }
  }
  return whole;
}

Result<void> Netlink::dump(std::uint16_t type, std::uint8_t family, std::size_t header_bytes, const std::string& what,
                           const std::function<void()>& begin, const Read& read) {
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    begin();
    auto whole = dump_once(type, family, header_bytes, what, read);
    if (!whole) {
      return std::unexpected(std::move(whole.error()));
    }
    if (*whole) {
      return {};
    }
    // What is left of the spoilt dump would be taken for the answer to the next question.
    auto fresh = open();
    if (!fresh) {
      return std::unexpected(std::move(fresh.error()));
    }
    *this = std::move(*fresh);
  }
  return failure(ErrorCode::kUnavailable, "the " + what + " of this host keep changing while they are read");
}

Result<std::vector<InterfaceAddress>> Netlink::addresses() {
  std::vector<InterfaceAddress> all;
  auto done = dump(
      RTM_GETADDR, AF_UNSPEC, sizeof(ifaddrmsg), "addresses", [&all] { all.clear(); },
      [&all](const nlmsghdr& message) { read_address(message, all); });
  if (!done) {
    return std::unexpected(std::move(done.error()));
  }
  return all;
}

Result<std::vector<InterfaceAddress>> Netlink::local_routes() {
  std::vector<InterfaceAddress> all;
  for (const std::uint8_t family : {AF_INET, AF_INET6}) {
    std::vector<InterfaceAddress> routes;
    auto done = dump(
        RTM_GETROUTE, family, sizeof(rtmsg), "local routes", [&routes] { routes.clear(); },
        [&routes](const nlmsghdr& message) { read_route(message, routes); });
    if (!done) {
      return std::unexpected(std::move(done.error()));
    }
    all.insert(all.end(), routes.begin(), routes.end());
  }
  return all;
}

Result<void> Netlink::exchange(std::size_t count, const Fill& fill, const Reply& reply) {
  std::vector<char> requests(kBatch * kRequestBytes);
  std::vector<char> buffer(std::size_t{64} * 1024);
  for (std::size_t first = 0; first < count; first += kBatch) {
    const std::size_t size = std::min(kBatch, count - first);
    const std::uint32_t base = sequence_ + 1;
    sequence_ += static_cast<std::uint32_t>(size);
    std::size_t bytes = 0;
    std::fill(requests.begin(), requests.end(), '\0');
    for (std::size_t i = 0; i < size; ++i) {
      nlmsghdr* message = mnl_nlmsg_put_header(requests.data() + bytes);
      message->nlmsg_flags = NLM_F_REQUEST;
      message->nlmsg_seq = base + static_cast<std::uint32_t>(i);
      fill(*message, first + i);
      bytes += MNL_ALIGN(message->nlmsg_len);
    }
    if (mnl_socket_sendto(socket_, requests.data(), bytes) < 0) {
      return std::unexpected(system_error(errno, "netlink send"));
    }
    for (std::size_t answered = 0; answered < size;) {
      const ssize_t got = mnl_socket_recvfrom(socket_, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        return std::unexpected(system_error(errno, "netlink receive"));
      }
      int left = static_cast<int>(got);
      for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(message, left);
           message = mnl_nlmsg_next(message, &left)) {
        const std::uint32_t index = message->nlmsg_seq - base;
        if (index < size) {
          reply(*message, first + index);
          ++answered;
        }
      }
    }
  }
  return {};
}

Result<std::vector<bool>> Netlink::are_local(std::span<const IpAddress> ips) {
  std::vector<bool> local(ips.size(), false);
  auto done = exchange(
      ips.size(), [&](nlmsghdr& message, std::size_t i) { fill_route_question(message, ips[i]); },
      [&](const nlmsghdr& message, std::size_t i) {
        if (message.nlmsg_type == RTM_NEWROUTE) {
          local[i] = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(&message))->rtm_type == RTN_LOCAL;
        }
      });
  if (!done) {
    return std::unexpected(std::move(done.error()).prefixed("asking which addresses are local"));
  }
  return local;
}

Result<std::vector<int>> Netlink::change(bool add, std::span<const InterfaceAddress> addresses) {
  std::vector<int> results(addresses.size(), 0);
  const int flags = NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0);
  auto done = exchange(
      addresses.size(),
      [&](nlmsghdr& message, std::size_t i) {
        message.nlmsg_flags = static_cast<std::uint16_t>(message.nlmsg_flags | flags);
        (addresses[i].routed ? fill_route : fill_address)(message, addresses[i], add);
      },
      [&](const nlmsghdr& message, std::size_t i) { results[i] = errno_of(message); });
  if (!done) {
    return std::unexpected(std::move(done.error()));
  }
  return results;
}

Result<std::vector<int>> Netlink::add(std::span<const InterfaceAddress> addresses) {
  return change(true, addresses);
}

Result<std::vector<int>> Netlink::remove(std::span<const InterfaceAddress> addresses) {
  return change(false, addresses);
}

}  // namespace ringway::proxy
