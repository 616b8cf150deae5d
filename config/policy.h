#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/cursor.h"
#include "config/values.h"

namespace ringway::config {

/// What a person wrote of a health check.
struct HealthCheckPatch {
  bool off = false;  ///< `healthCheck: off`: not even the inherited one
  std::optional<HealthCheck::Kind> kind;
  std::optional<std::uint16_t> port;
  std::optional<std::string> send;
  std::optional<std::string> expect;
  std::optional<std::string> method;
  std::optional<std::string> path;
  std::optional<std::string> host;
  std::optional<std::string> service;
  std::optional<std::vector<StatusRange>> expect_status;
  std::optional<std::string> expect_body;
  std::optional<milliseconds> interval;
  std::optional<milliseconds> fast_interval;
  std::optional<milliseconds> timeout;
  std::optional<std::uint32_t> rise;
  std::optional<std::uint32_t> fall;
  std::optional<double> jitter;

  bool operator==(const HealthCheckPatch&) const = default;
};

/// What a person wrote of outlier detection.
struct OutlierPatch {
  bool off = false;  ///< `outlierDetection: off`
  std::optional<std::uint32_t> connect_failures;
  std::optional<std::uint32_t> early_resets;
  std::optional<double> deviations;
  std::optional<std::uint32_t> min_endpoints;
  std::optional<std::uint32_t> min_connections;
  std::optional<milliseconds> interval;
  std::optional<milliseconds> ejection;
  std::optional<milliseconds> max_ejection;
  std::optional<double> max_ejected;

  bool operator==(const OutlierPatch&) const = default;
};

/// What a person wrote of a policy: what is absent is inherited, field by field.
struct PolicyPatch {
  std::optional<Selector> selector;
  std::optional<Balancer> balancer;
  std::optional<milliseconds> ewma_decay;
  std::optional<std::uint32_t> first_limit;
  std::optional<std::vector<WeightRule>> weights;
  std::optional<std::vector<Selector>> tiers;
  std::optional<Prefer> prefer;
  std::optional<double> min_healthy;
  std::optional<HealthCheckPatch> health_check;
  std::optional<milliseconds> connect_timeout;
  std::optional<std::uint32_t> connect_attempts;
  std::optional<double> retry_budget;
  std::optional<milliseconds> slow_start;
  std::optional<OutlierPatch> outliers;
  std::optional<milliseconds> idle_timeout;
  std::optional<milliseconds> max_connection_age;
  std::optional<std::uint32_t> max_connections;
  std::optional<std::uint32_t> max_per_endpoint;
  std::optional<std::uint32_t> queue_limit;
  std::optional<milliseconds> queue_timeout;
  std::optional<std::uint32_t> client_connections;
  std::optional<std::uint32_t> client_rate;
  std::optional<std::uint32_t> client_burst;
  std::optional<std::uint8_t> client_ipv6_bits;
  std::optional<std::vector<std::string>> allow;
  std::optional<std::vector<std::string>> deny;
  std::optional<ProxyHeaderVersion> proxy_send;
  std::optional<bool> proxy_crc32c;
  std::optional<bool> proxy_unique_id;
  std::optional<std::vector<std::string>> proxy_sources;
  std::optional<milliseconds> proxy_timeout;
  std::optional<Sni> sni;
  std::optional<milliseconds> drain_timeout;
  std::optional<DrainEnd> drain_end;
  std::optional<OnDown> on_down;
  std::optional<Source> source;
  std::optional<std::uint64_t> session_up;
  std::optional<std::uint64_t> session_down;
  std::optional<std::uint64_t> service_up;
  std::optional<std::uint64_t> service_down;

  bool operator==(const PolicyPatch&) const = default;
};

/// Reads a `policy`. `of_service` is false in `spec.defaults`, where a selector and `sni` have no meaning.
PolicyPatch decode_policy(const Cursor& policy, bool of_service);
/// Reads a `healthCheck`.
HealthCheckPatch decode_health_check(const Cursor& check);
/// Reads what of a policy says which endpoint a session goes to.
void decode_balancing(const Cursor& policy, PolicyPatch& patch);
/// Reads what of a policy says how its Service lives with endpoints that fail.
void decode_failure(const Cursor& policy, PolicyPatch& patch);
/// Reads what of a policy says which clients may come in.
void decode_access(const Cursor& policy, PolicyPatch& patch);
/// Reads what of a policy says how many sessions there may be.
void decode_limits(const Cursor& policy, PolicyPatch& patch);
/// Reads what of a policy says who is told whom a session is about.
void decode_proxy_protocol(const Cursor& policy, PolicyPatch& patch);
/// Reads what of a policy says where upstream connections come from.
void decode_source(const Cursor& policy, PolicyPatch& patch);
/// Reads what of a policy says which endpoints the server name of a TLS client chooses.
void decode_sni(const Cursor& policy, bool of_service, PolicyPatch& patch);
/// Puts the number of the port that `sni` is for in the place of what was written; leaves a mistake where it is none.
void settle_sni_port(const Cursor& at, const std::vector<ServicePort>& ports, Sni& sni);
/// Reads what of a policy says how many bytes may pass each second.
void decode_bandwidth(const Cursor& policy, PolicyPatch& patch);
/// Reads a list of networks, made canonical. `others` hold those of which none may stand here too.
std::vector<std::string> decode_networks(const Cursor& list, const std::vector<std::string>& others = {});
/// Reads a selector: a text, or a mapping with matchLabels and matchExpressions.
std::optional<Selector> decode_selector(const Cursor& selector);

/// The policy of a Service: its own over the defaults over those of `Policy`. A check is active where one of the two
/// says `tcp`, `http` or `grpc`.
Policy make_policy(const PolicyPatch& defaults, const PolicyPatch& own);
/// Gives `service` its policy, and settles what its `spec` says of the same: the policy's selector goes before
/// `spec.selector`, and `spec.trafficDistribution` before the preference of the defaults, yet not before its own.
void set_policy(Service& service, const PolicyPatch& defaults, const PolicyPatch& own);

}  // namespace ringway::config
