#include "config/keys.h"
#include "config/policy.h"

// What of a policy says who is told whom a session is about.
namespace ringway::config {
namespace {

constexpr milliseconds kMinTimeout{10};
constexpr milliseconds kMaxTimeout = std::chrono::minutes(10);

}  // namespace

void decode_proxy_protocol(const Cursor& policy, PolicyPatch& patch) {
  const Cursor proxy = policy["proxyProtocol"];
  proxy.allow_only(kProxyProtocolKeys);
  patch.proxy_send = proxy["send"].one_of<ProxyHeaderVersion>(
      {{"off", ProxyHeaderVersion::kNone}, {"v1", ProxyHeaderVersion::kV1}, {"v2", ProxyHeaderVersion::kV2}});
  for (const auto& [key, value] : {std::pair(Key("crc32c"), &PolicyPatch::proxy_crc32c),
                                   std::pair(Key("uniqueId"), &PolicyPatch::proxy_unique_id)}) {
    patch.*value = proxy[key].boolean();
    if ((patch.*value).value_or(false) &&
        patch.proxy_send.value_or(ProxyHeaderVersion::kV2) == ProxyHeaderVersion::kV1) {
      proxy[key].fail("version 1 has no room for it, `send: v2` has");
    }
  }
  if (const Cursor sources = proxy["trustedSources"]; sources.present()) {
    patch.proxy_sources = decode_networks(sources);
  }
  patch.proxy_timeout = proxy["timeout"].duration(kMinTimeout, kMaxTimeout);
}

}  // namespace ringway::config
