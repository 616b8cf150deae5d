#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "config/keys.h"
#include "config/names.h"
#include "config/policy.h"

// What of a policy says where upstream connections come from.
namespace ringway::config {
namespace {

constexpr std::size_t kMaxAddresses = 64;
/// The ports below are for root (net.ipv4.ip_unprivileged_port_start) and for servers.
constexpr std::uint16_t kMinPort = 1024;

/// 0 where it is none of those allowed.
std::uint16_t parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port >= kMinPort ? port : 0;
}

void decode_addresses(const Cursor& list, Source& source) {
  for (const Cursor& entry : list.list(kMaxAddresses)) {
    const auto text = entry.string();
    if (!text) {
      continue;
    }
    const auto ip = parse_ip(*text);
    if (!ip) {
      entry.fail("'" + *text + "': an IPv4 or IPv6 address of this host is needed");
    } else if (!entry.check(check_usable(*ip))) {
      continue;
    } else if (std::ranges::find(source.addresses, ip->text) != source.addresses.end()) {
      entry.fail("'" + ip->text + "' stands here twice");
    } else {
      source.addresses.push_back(ip->text);
    }
  }
}

void decode_ports(const Cursor& ports, Source& source) {
  const auto text = ports.string();
  if (!text) {
    return;
  }
  const std::size_t dash = std::min(text->find('-'), text->size());
  const std::uint16_t first = parse_port(std::string_view(*text).substr(0, dash));
  const std::uint16_t last = dash < text->size() ? parse_port(std::string_view(*text).substr(dash + 1)) : 0;
  if (ports.check(first != 0 && first <= last ? ""
                                              : "'" + *text +
                                                    "': two ports of 1024 to 65535, the lower one first, are needed, "
                                                    "like 20000-29999")) {
    source.first_port = first;
    source.last_port = last;
  }
}

}  // namespace

void decode_source(const Cursor& policy, PolicyPatch& patch) {
  const Cursor source = policy["source"];
  if (!source.present()) {
    return;
  }
  if (source.raw() == "auto" || source.raw() == "transparent") {
    patch.source = {.kind = source.raw() == "auto" ? Source::Kind::kAuto : Source::Kind::kTransparent};
    return;
  }
  if (!source.is_map()) {
    source.fail("auto, transparent, or a mapping with addresses or ports is needed");
    return;
  }
  source.allow_only(kSourceKeys);
  Source of_own{.kind = Source::Kind::kAddresses};
  decode_addresses(source["addresses"], of_own);
  decode_ports(source["ports"], of_own);
  if (!source["addresses"].present() && !source["ports"].present()) {
    source.fail("addresses, ports or both are needed; `auto` is the kernel's choice");
  }
  patch.source = std::move(of_own);
}

}  // namespace ringway::config
