#pragma once

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include "proxy/core/address.h"

// What several questions and answers of rtnetlink(7) have in common.
namespace ringway::proxy {

/// Calls `visit(const nlattr&)` for each attribute of a message whose own header has `header_bytes`.
template <typename Visit>
void for_each_attribute(const nlmsghdr& message, std::size_t header_bytes, Visit&& visit) {
  const auto hand_over = [](const nlattr* attribute, void* to) {
    (*static_cast<std::remove_reference_t<Visit>*>(to))(*attribute);
    return MNL_CB_OK;
  };
  mnl_attr_parse(&message, static_cast<unsigned>(header_bytes), hand_over, std::addressof(visit));
}

/// The address in an attribute of that family; it must be long enough.
[[nodiscard]] inline IpAddress ip_of(const nlattr& attribute, std::uint8_t family) {
  const auto* bytes = static_cast<const std::uint8_t*>(mnl_attr_get_payload(&attribute));
  return IpAddress::from_bytes(std::span(bytes, family == AF_INET ? 4 : 16));
}
[[nodiscard]] inline bool holds_ip(const nlattr& attribute, std::uint8_t family) {
  return mnl_attr_get_payload_len(&attribute) >= (family == AF_INET ? 4 : 16);
}

/// Asks by which route packets to `ip` go.
inline void fill_route_question(nlmsghdr& message, const IpAddress& ip) {
  message.nlmsg_type = RTM_GETROUTE;
  auto* header = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(&message, sizeof(rtmsg)));
  header->rtm_family = ip.is_v6() ? AF_INET6 : AF_INET;
  header->rtm_dst_len = static_cast<std::uint8_t>(ip.size() * 8);
  mnl_attr_put(&message, RTA_DST, ip.size(), ip.bytes());
}

/// What an answer to an order says went wrong; 0: nothing.
[[nodiscard]] inline int errno_of(const nlmsghdr& message) {
  return message.nlmsg_type == NLMSG_ERROR ? -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(&message))->error : 0;
}

}  // namespace ringway::proxy
