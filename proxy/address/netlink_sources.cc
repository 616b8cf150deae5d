#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <span>
#include <utility>

#include "proxy/address/netlink.h"

// By which of our addresses packets leave.
namespace ringway::proxy {
namespace {

/// Of a route; nothing where it does not say.
std::optional<IpAddress> source_of(const nlmsghdr& message) {
  const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(&message));
  const std::size_t bytes = header->rtm_family == AF_INET ? 4 : 16;
  for (const nlattr* attribute = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(&message, sizeof *header));
       mnl_attr_ok(attribute, static_cast<int>(static_cast<const char*>(mnl_nlmsg_get_payload_tail(&message)) -
                                               reinterpret_cast<const char*>(attribute)));
       attribute = mnl_attr_next(attribute)) {
    if (mnl_attr_get_type(attribute) == RTA_PREFSRC && mnl_attr_get_payload_len(attribute) >= bytes) {
      return IpAddress::from_bytes(std::span(static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute)), bytes));
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<std::optional<IpAddress>>> Netlink::sources(std::span<const IpAddress> ips) {
  std::vector<std::optional<IpAddress>> found(ips.size());
  auto done = exchange(
      ips.size(),
      [&](nlmsghdr& message, std::size_t i) {
        message.nlmsg_type = RTM_GETROUTE;
        auto* header = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(&message, sizeof(rtmsg)));
        header->rtm_family = ips[i].is_v6() ? AF_INET6 : AF_INET;
        header->rtm_dst_len = static_cast<std::uint8_t>(ips[i].size() * 8);
        mnl_attr_put(&message, RTA_DST, ips[i].size(), ips[i].bytes());
      },
      [&](const nlmsghdr& message, std::size_t i) {
        if (message.nlmsg_type == RTM_NEWROUTE) {
          found[i] = source_of(message);
        }
      });
  if (!done) {
    return std::unexpected(std::move(done.error()).prefixed("asking for the primary addresses"));
  }
  return found;
}

}  // namespace ringway::proxy
