#include "daemon/cli/limits_text.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "config/keys.h"
#include "config/limits.h"
#include "daemon/admin/api.h"
#include "daemon/admin/config_json.h"
#include "daemon/admin/server.h"
#include "daemon/cli/fields.h"
#include "daemon/drain_file.h"
#include "daemon/events.h"
#include "daemon/limits.h"
#include "proxy/core/client_sets.h"
#include "proxy/relay/ended_log.h"
#include "proxy/ring/engine.h"
#include "proxy/session_limit.h"

namespace ringway::daemon {

namespace {

using nlohmann::json;

/// What a zero means where it is not simply zero.
struct Zero {
  std::string_view key;
  std::string_view means;
};
constexpr std::array<Zero, 15> kZeros = {{
    {"policy.idleTimeout", "never"},
    {"policy.maxConnectionAge", "never"},
    {"policy.drain.timeout", "never"},
    {"policy.maxConnections", "no limit"},
    {"policy.maxConnectionsPerEndpoint", "no limit"},
    {"policy.queue.maxConnections", "none waits"},
    {"policy.perClient.maxConnections", "no limit"},
    {"policy.perClient.rate", "no limit"},
    {"policy.perClient.burst", "as rate"},
    {"policy.bandwidth.perSession.up", "no limit"},
    {"policy.bandwidth.perSession.down", "no limit"},
    {"policy.bandwidth.service.up", "no limit"},
    {"policy.bandwidth.service.down", "no limit"},
    {"policy.first.maxConnections", "no limit"},
    {"policy.connect.retryBudget", "none but the free ones"},
}};

std::string meaning(std::string_view key, std::string value) {
  if (value == "0" || value == "0s" || value == "0.0") {
    if (const auto* const zero = std::ranges::find(kZeros, key, &Zero::key); zero != kZeros.end()) {
      return std::string(zero->means);
    }
  }
  return key.starts_with("policy.bandwidth.") ? value + " bytes a second" : value;
}

/// Null where the policy has none of what `key` belongs to.
const json* find(const json& policy, std::string_view key) {
  const json* place = &policy;
  key.remove_prefix(std::string_view("policy.").size());
  while (!key.empty()) {
    const std::size_t dot = key.find('.');
    const auto entry = place->is_object() ? place->find(std::string(key.substr(0, dot))) : place->end();
    if (!place->is_object() || entry == place->end()) {
      return nullptr;
    }
    place = &*entry;
    key = dot == std::string_view::npos ? "" : key.substr(dot + 1);
  }
  return place;
}

std::string value_text(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::size_t addresses(const config::Configuration& configuration) {
  std::size_t count = 0;
  for (const auto& service : configuration.services) {
    count += service.headless() ? 0 : service.ports.size() * service.cluster_ips.size();
  }
  return count;
}

std::string backlog_text(std::uint32_t backlog) {
  const std::uint32_t most = somaxconn();
  const std::string cut = backlog > most ? " (net.core.somaxconn; " + std::to_string(backlog) + " is asked for)" : "";
  return std::to_string(std::min(backlog, most)) + cut + ", of each worker's socket for an address";
}

}  // namespace

std::vector<LimitLine> daemon_limits(const config::Configuration& configuration) {
  const config::Ringway& ringway = configuration.ringway;
  const std::uint64_t files = raise_file_limit();
  const std::uint32_t workers = ringway.workers == 0 ? allowed_cpus() : ringway.workers;
  const bool steer = ringway.virtual_ip_mode == config::VirtualIpMode::kSteer;
  // Where steering works there are two sockets for a worker, whatever the number of addresses.
  const std::size_t sockets = workers * (steer ? 2 : addresses(configuration));
  const proxy::RingOptions ring;
  constexpr std::size_t kClients = proxy::ClientSets<int>::kSets * proxy::ClientSets<int>::kWays;
  const Server::Limits admin;
  const auto number = [](auto value) { return std::to_string(value); };
  return {
      {"spec.backlog", backlog_text(ringway.backlog)},
      {"files", number(files) + " (RLIMIT_NOFILE, raised to the hard limit, " + number(kMostFiles) + " at the most), " +
                    number(proxy::kReservedFiles) + " of them kept back"},
      {"sessions", number(proxy::sessions_allowed(sockets, workers)) + " by these files, over all " + number(workers) +
                       " workers; then accepting pauses"},
      {"buffers", number(ring.buffer_count) + " of " + number(ring.buffer_bytes / 1024) + " KiB in each worker"},
      {"pipes", number(proxy::pipes_allowed(workers)) + " of " + number(ring.pipe_bytes / 1024) +
                    " KiB in each worker; streams beyond that are copied"},
      {"clients of a Service", number(kClients) + " with session affinity, " + number(kClients) +
                                   " with sessions where perClient limits something"},
      {"access", number(config::kMaxNetworks) + " networks in a list"},
      {"access log", number(proxy::EndedLog::kCapacity) + " lines wait in each worker; more are dropped and counted"},
      {"drains kept", number(kMostPersistedDrains) + " by hand, with --persist"},
      {"admin API", number(admin.clients) + " clients, " + number(admin.streams) + " of them streams; lists of " +
                        number(Api::kMaxSessions) + " sessions; " + number(EventLog::kLimit) + " events"},
      {"configuration", number(config::kMaxFileBytes >> 20U) + " MiB in a file, " +
                            number(config::kMaxTotalBytes >> 20U) + " MiB in " + number(config::kMaxFiles) + " files"},
  };
}

std::vector<LimitLine> policy_limits(const config::Policy& policy) {
  const json values = policy_json(policy);
  std::vector<LimitLine> lines;
  for (const config::Key key : config::kLimitKeys) {
    if (!key.starts_with("policy.")) {
      continue;
    }
    if (const json* value = find(values, key); value != nullptr) {
      lines.emplace_back(key, meaning(key, value_text(*value)));
    }
  }
  if (!policy.allow.empty() || !policy.deny.empty()) {
    lines.emplace_back("policy.access", std::to_string(policy.allow.size()) + " networks allowed, " +
                                            std::to_string(policy.deny.size()) + " denied");
  }
  return lines;
}

}  // namespace ringway::daemon
