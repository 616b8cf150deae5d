#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "proxy/address/netlink.h"
#include "proxy/address/netlink_message.h"

// Rules that lead packets with a mark to a table of local routes.
namespace ringway::proxy {
namespace {

std::uint8_t family_of(const MarkRule& rule) {
  return rule.v6 ? AF_INET6 : AF_INET;
}

MarkRule read_rule(const nlmsghdr& message) {
  const auto* header = static_cast<const fib_rule_hdr*>(mnl_nlmsg_get_payload(&message));
  MarkRule rule{.v6 = header->family == AF_INET6, .table = header->table};
  for_each_attribute(message, sizeof *header, [&](const nlattr& attribute) {
    const auto length = mnl_attr_get_payload_len(&attribute);
    const std::uint32_t value = length == sizeof value ? mnl_attr_get_u32(&attribute) : 0;
    switch (mnl_attr_get_type(&attribute)) {
      case FRA_PRIORITY:
        rule.priority = value;
        break;
      case FRA_FWMARK:
        rule.mark = value;
        break;
      case FRA_TABLE:
        rule.table = value;
        break;
      case FRA_PROTOCOL:
        rule.protocol = length == 1 ? mnl_attr_get_u8(&attribute) : 0;
        break;
      default:
        break;
    }
  });
  return rule;
}

}  // namespace

Result<std::vector<MarkRule>> Netlink::mark_rules() {
  std::vector<MarkRule> all;
  for (const std::uint8_t family : {AF_INET, AF_INET6}) {
    std::vector<MarkRule> rules;
    auto done = dump(
        RTM_GETRULE, family, sizeof(fib_rule_hdr), "routing rules", [&rules] { rules.clear(); },
        [&](const nlmsghdr& message) {
          // A kernel without IPv6 answers with the rules of all families.
          if (const MarkRule rule = read_rule(message); rule.mark != 0 && family_of(rule) == family) {
            rules.push_back(rule);
          }
        });
    // A kernel without IPv6 has none of its rules.
    if (!done && family == AF_INET) {
      return std::unexpected(std::move(done.error()));
    }
    all.insert(all.end(), rules.begin(), rules.end());
  }
  return all;
}

Result<int> Netlink::change_rule(std::uint16_t type, std::uint16_t flags, const MarkRule& rule) {
  int result = 0;
  auto done = exchange(
      1,
      [&](nlmsghdr& message, std::size_t) {
        message.nlmsg_type = type;
        message.nlmsg_flags = static_cast<std::uint16_t>(message.nlmsg_flags | NLM_F_ACK | flags);
        auto* header = static_cast<fib_rule_hdr*>(mnl_nlmsg_put_extra_header(&message, sizeof(fib_rule_hdr)));
        header->family = family_of(rule);
        header->table = RT_TABLE_UNSPEC;
        header->action = FR_ACT_TO_TBL;
        mnl_attr_put_u32(&message, FRA_PRIORITY, rule.priority);
        mnl_attr_put_u32(&message, FRA_FWMARK, rule.mark);
        mnl_attr_put_u32(&message, FRA_FWMASK, rule.mark);
        mnl_attr_put_u32(&message, FRA_TABLE, rule.table);
        mnl_attr_put_u8(&message, FRA_PROTOCOL, rule.protocol);
      },
      [&](const nlmsghdr& message, std::size_t) { result = errno_of(message); });
  if (!done) {
    return std::unexpected(std::move(done.error()));
  }
  return result;
}

Result<int> Netlink::change_route(std::uint16_t type, std::uint16_t flags, const MarkRule& rule) {
  int result = 0;
  auto done = exchange(
      1,
      [&](nlmsghdr& message, std::size_t) {
        message.nlmsg_type = type;
        message.nlmsg_flags = static_cast<std::uint16_t>(message.nlmsg_flags | NLM_F_ACK | flags);
        auto* header = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(&message, sizeof(rtmsg)));
        header->rtm_family = family_of(rule);
        header->rtm_table = RT_TABLE_UNSPEC;
        header->rtm_protocol = rule.protocol;
        header->rtm_scope = RT_SCOPE_HOST;
        header->rtm_type = RTN_LOCAL;
        mnl_attr_put_u32(&message, RTA_TABLE, rule.table);
        mnl_attr_put_u32(&message, RTA_OIF, if_nametoindex("lo"));
      },
      [&](const nlmsghdr& message, std::size_t) { result = errno_of(message); });
  if (!done) {
    return std::unexpected(std::move(done.error()));
  }
  return result;
}

Result<int> Netlink::add_rule(const MarkRule& rule) {
  auto added = change_rule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
  if (!added || *added != 0) {
    return added;
  }
  auto routed = change_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, rule);
  if (!routed || *routed != 0) {
    static_cast<void>(change_rule(RTM_DELRULE, 0, rule));
  }
  return routed;
}

Result<int> Netlink::remove_rule(const MarkRule& rule) {
  if (auto unrouted = change_route(RTM_DELROUTE, 0, rule); !unrouted) {
    return unrouted;
  }
  return change_rule(RTM_DELRULE, 0, rule);
}

}  // namespace ringway::proxy
