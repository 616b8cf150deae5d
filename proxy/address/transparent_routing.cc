#include "proxy/address/transparent_routing.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "proxy/address/reply_marker.h"

namespace ringway::proxy {
namespace {

constexpr std::string_view kClaim = "ringway-transparent";
constexpr std::string_view kDoing = "source: transparent";

Error missing_right() {
  return {ErrorCode::kPermission, "needs CAP_NET_ADMIN (run as root, or setcap cap_net_admin+ep)"};
}

Error refusal(int errno_value, const MarkRule& rule) {
  const std::string what = std::string(rule.v6 ? "ip -6" : "ip") + " rule with priority " +
                           std::to_string(rule.priority) + " and table " + std::to_string(rule.table);
  if (errno_value == EEXIST) {
    return {ErrorCode::kExhausted, what + " is there already (set others in spec.transparentSource)"};
  }
  return errno_value == EPERM ? missing_right() : system_error(errno_value, "adding an " + what);
}

/// Whether there is no IPv6 here, or it is switched off: then no client comes that way.
bool lacks_v6(int errno_value) {
  return errno_value == EAFNOSUPPORT || errno_value == EOPNOTSUPP || errno_value == EACCES;
}

bool may_bind_any_address() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  const bool may = setsockopt(fd, SOL_IP, IP_TRANSPARENT, &on, sizeof on) == 0;
  close(fd);
  return may;
}

}  // namespace

Result<TransparentRouting> TransparentRouting::open(const TransparentNumbers& numbers) {
  auto netlink = Netlink::open();
  if (!netlink) {
    return std::unexpected(std::move(netlink.error()).prefixed(kDoing));
  }
  TransparentRouting self(numbers, std::move(*netlink));
  if (const auto held = Claim::take(kClaim)) {
    // Who may not remove it may not set it up either, and is told so where that is wanted.
    static_cast<void>(self.sweep());
  }
  return self;
}

TransparentRouting::~TransparentRouting() {
  release();
}

Result<void> TransparentRouting::ensure() {
  if (active()) {
    return {};
  }
  if (!ReplyMarker::built_in()) {
    return failure(
        ErrorCode::kUnsupported,
        std::string(kDoing) +
            ": this build cannot, for it was made without libnftables: install libnftables-dev and build again");
  }
  if (!may_bind_any_address()) {
    return std::unexpected(missing_right().prefixed(kDoing));
  }
  claim_ = Claim::take(kClaim);
  if (!claim_) {
    return failure(ErrorCode::kExhausted,
                   std::string(kDoing) + ": another daemon in this network namespace has it, and only one can");
  }
  auto done = sweep();
  if (done) {
    done = add_rules();
  }
  if (done) {
    done = ReplyMarker::add(numbers_.mark);
  }
  if (!done) {
    release();
    return std::unexpected(std::move(done.error()).prefixed(kDoing));
  }
  return {};
}

Result<void> TransparentRouting::add_rules() {
  for (const bool v6 : {false, true}) {
    const MarkRule rule{
        .v6 = v6, .mark = numbers_.mark, .table = numbers_.table, .priority = numbers_.priority, .protocol = kProtocol};
    auto added = netlink_.add_rule(rule);
    if (!added) {
      return std::unexpected(std::move(added.error()));
    }
    if (*added != 0 && !(v6 && lacks_v6(*added))) {
      return std::unexpected(refusal(*added, rule));
    }
  }
  return {};
}

Result<void> TransparentRouting::sweep() {
  auto rules = netlink_.mark_rules();
  if (!rules) {
    return std::unexpected(std::move(rules.error()));
  }
  std::erase_if(*rules, [](const MarkRule& rule) { return rule.protocol != kProtocol; });
  if (rules->empty()) {
    return {};
  }
  // In the order that leaves a rule for whoever looks for the rest.
  ReplyMarker::remove();
  for (const MarkRule& rule : *rules) {
    if (auto removed = netlink_.remove_rule(rule); !removed) {
      return std::unexpected(std::move(removed.error()));
    }
  }
  return {};
}

void TransparentRouting::release() {
  if (claim_) {
    // What cannot be removed now is left for the next daemon, which knows it.
    static_cast<void>(sweep());
    claim_.reset();
  }
}

}  // namespace ringway::proxy
