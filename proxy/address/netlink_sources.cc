#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include <span>
#include <utility>

#include "proxy/address/netlink.h"
#include "proxy/address/netlink_message.h"

// By which of our addresses packets leave.
namespace ringway::proxy {
namespace {

/// Of a route; nothing where it does not say.
std::optional<IpAddress> source_of(const nlmsghdr& message) {
  const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(&message));
  std::optional<IpAddress> source;
  for_each_attribute(message, sizeof *header, [&](const nlattr& attribute) {
    if (mnl_attr_get_type(&attribute) == RTA_PREFSRC && holds_ip(attribute, header->rtm_family)) {
      source = ip_of(attribute, header->rtm_family);
    }
  });
  return source;
}

}  // namespace

Result<std::vector<std::optional<IpAddress>>> Netlink::sources(std::span<const IpAddress> ips) {
  std::vector<std::optional<IpAddress>> found(ips.size());
  auto done = exchange(
      ips.size(), [&](nlmsghdr& message, std::size_t i) { fill_route_question(message, ips[i]); },
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
