#include "config/keys.h"
#include "config/policy.h"

// What of a policy says how many sessions there may be.
namespace ringway::config {
namespace {

constexpr std::int64_t kMaxSessions = 10'000'000;
constexpr std::int64_t kMaxRate = 1'000'000;
constexpr milliseconds kMinQueue{10};
constexpr milliseconds kMaxQueue = std::chrono::minutes(10);
constexpr std::int64_t kMaxQueued = 1'000'000;

}  // namespace

void decode_limits(const Cursor& policy, PolicyPatch& patch) {
  patch.max_connections = policy["maxConnections"].integer(0, kMaxSessions);
  patch.max_per_endpoint = policy["maxConnectionsPerEndpoint"].integer(0, kMaxSessions);
  const Cursor queue = policy["queue"];
  queue.allow_only(kQueueKeys);
  patch.queue_limit = queue["maxConnections"].integer(0, kMaxQueued);
  patch.queue_timeout = queue["timeout"].duration(kMinQueue, kMaxQueue);
  const Cursor client = policy["perClient"];
  client.allow_only(kPerClientKeys);
  patch.client_connections = client["maxConnections"].integer(0, kMaxSessions);
  patch.client_rate = client["rate"].integer(0, kMaxRate);
  patch.client_burst = client["burst"].integer(0, kMaxRate);
  patch.client_ipv6_bits = client["ipv6Prefix"].integer(1, 128);
}

}  // namespace ringway::config
