#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "config/keys.h"
#include "config/names.h"
#include "config/policy.h"

namespace ringway::config {
namespace {

constexpr std::int64_t kMaxSessions = 10'000'000;
constexpr std::size_t kMaxNetworks = 100'000;

std::vector<std::string> decode_networks(const Cursor& list) {
  std::vector<std::string> networks;
  const auto entries = list.list();
  if (entries.size() > kMaxNetworks) {
    list.fail("at most " + std::to_string(kMaxNetworks) + " entries are allowed, found " +
              std::to_string(entries.size()));
  }
  for (const Cursor& entry : entries) {
    const auto text = entry.string();
    if (!text) {
      continue;
    }
    if (auto network = parse_network(*text)) {
      networks.push_back(std::move(*network));
    } else {
      entry.fail("'" + *text + "': " + network.error());
    }
  }
  return networks;
}

}  // namespace

void decode_access(const Cursor& policy, PolicyPatch& patch) {
  patch.max_connections = policy["maxConnections"].integer(0, kMaxSessions);
  const Cursor access = policy["access"];
  access.allow_only(kAccessKeys);
  if (const Cursor allow = access["allow"]; allow.present()) {
    patch.allow = decode_networks(allow);
  }
  if (const Cursor deny = access["deny"]; deny.present()) {
    patch.deny = decode_networks(deny);
    for (const Cursor& entry : deny.list()) {
      const auto network = patch.allow ? parse_network(std::string(entry.raw())) : std::unexpected(std::string());
      if (network && std::ranges::find(*patch.allow, *network) != patch.allow->end()) {
        entry.fail("'" + *network + "' is allowed as well, and only one can hold");
      }
    }
  }
}

}  // namespace ringway::config
