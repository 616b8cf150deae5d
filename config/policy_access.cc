#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "config/keys.h"
#include "config/limits.h"
#include "config/names.h"
#include "config/policy.h"

namespace ringway::config {
std::vector<std::string> decode_networks(const Cursor& list, const std::vector<std::string>& others) {
  const std::unordered_set<std::string_view> taken(others.begin(), others.end());
  std::vector<std::string> networks;
  for (const Cursor& entry : list.list(kMaxNetworks)) {
    const auto text = entry.string();
    if (!text) {
      continue;
    }
    auto network = parse_network(*text);
    if (!network) {
      entry.fail("'" + *text + "': " + network.error());
    } else if (taken.contains(*network)) {
      entry.fail("'" + *network + "' is allowed as well, and only one can hold");
    } else {
      networks.push_back(std::move(*network));
    }
  }
  return networks;
}

void decode_access(const Cursor& policy, PolicyPatch& patch) {
  const Cursor access = policy["access"];
  access.allow_only(kAccessKeys);
  if (const Cursor allow = access["allow"]; allow.present()) {
    patch.allow = decode_networks(allow);
  }
  const auto allowed = patch.allow.value_or(std::vector<std::string>());
  if (const Cursor deny = access["deny"]; deny.present()) {
    patch.deny = decode_networks(deny, allowed);
  }
}

}  // namespace ringway::config
