#include "config/policy.h"

#include <algorithm>

#include "config/keys.h"

namespace ringway::config {
namespace {

using std::chrono::hours;

constexpr milliseconds kMinTimeout{10};
constexpr milliseconds kMaxIdleTimeout = hours(30 * 24);
constexpr milliseconds kMaxConnectionAge = hours(30 * 24);
constexpr milliseconds kMaxDrainTimeout = hours(24);

template <typename T>
void override_with(T& value, const std::optional<T>& own) {
  if (own) {
    value = *own;
  }
}

// An inherited kind of check goes with its port, path and so on; the timings are inherited whatever the kind.
void apply(const HealthCheckPatch& patch, std::optional<HealthCheck::Kind>& kind, bool& fast_given,
           HealthCheck& check) {
  if (patch.kind && kind && *patch.kind != *kind) {
    const HealthCheck untouched;
    check.port = untouched.port;
    check.host = untouched.host;
  }
  kind = patch.off ? std::nullopt : patch.kind ? patch.kind : kind;
  fast_given = fast_given || patch.fast_interval.has_value();
  override_with(check.port, patch.port);
  override_with(check.send, patch.send);
  override_with(check.expect, patch.expect);
  override_with(check.method, patch.method);
  override_with(check.path, patch.path);
  override_with(check.host, patch.host);
  override_with(check.service, patch.service);
  override_with(check.expect_status, patch.expect_status);
  override_with(check.expect_body, patch.expect_body);
  override_with(check.interval, patch.interval);
  override_with(check.fast_interval, patch.fast_interval);
  override_with(check.timeout, patch.timeout);
  override_with(check.rise, patch.rise);
  override_with(check.fall, patch.fall);
  override_with(check.jitter, patch.jitter);
}

void apply(const OutlierPatch& patch, std::optional<OutlierDetection>& outliers) {
  if (patch.off) {
    outliers.reset();
    return;
  }
  OutlierDetection next = outliers.value_or(OutlierDetection());
  override_with(next.connect_failures, patch.connect_failures);
  override_with(next.early_resets, patch.early_resets);
  override_with(next.deviations, patch.deviations);
  override_with(next.min_endpoints, patch.min_endpoints);
  override_with(next.min_connections, patch.min_connections);
  override_with(next.interval, patch.interval);
  override_with(next.ejection, patch.ejection);
  override_with(next.max_ejection, patch.max_ejection);
  override_with(next.max_ejected, patch.max_ejected);
  next.max_ejection = std::max(next.max_ejection, next.ejection);
  outliers = next;
}

}  // namespace

PolicyPatch decode_policy(const Cursor& policy, bool of_service) {
  PolicyPatch patch;
  policy.allow_only(kPolicyKeys);
  if (const Cursor selector = policy["selector"]; selector.present()) {
    if (of_service) {
      patch.selector = decode_selector(selector);
    } else {
      selector.fail("a selector belongs to one Service, it has no default");
    }
  }
  decode_balancing(policy, patch);
  if (const Cursor check = policy["healthCheck"]; check.present()) {
    patch.health_check = decode_health_check(check);
  }
  decode_failure(policy, patch);
  patch.idle_timeout = policy["idleTimeout"].duration(kMinTimeout, kMaxIdleTimeout, true);
  patch.max_connection_age = policy["maxConnectionAge"].duration(kMinTimeout, kMaxConnectionAge, true);
  decode_limits(policy, patch);
  decode_access(policy, patch);
  decode_proxy_protocol(policy, patch);
  decode_source(policy, patch);
  decode_sni(policy, of_service, patch);
  decode_bandwidth(policy, patch);
  const Cursor drain = policy["drain"];
  drain.allow_only(kDrainKeys);
  patch.drain_timeout = drain["timeout"].duration(kMinTimeout, kMaxDrainTimeout, true);
  patch.drain_end = drain["onEnd"].one_of<DrainEnd>(
      {{"close", DrainEnd::kClose}, {"reset", DrainEnd::kReset}, {"keep", DrainEnd::kKeep}});
  patch.on_down = policy["onDown"].one_of<OnDown>(
      {{"keepSessions", OnDown::kKeepSessions}, {"closeSessions", OnDown::kCloseSessions}});
  return patch;
}

Policy make_policy(const PolicyPatch& defaults, const PolicyPatch& own) {
  Policy policy;
  HealthCheck check;
  std::optional<HealthCheck::Kind> kind;
  bool fast_given = false;
  for (const PolicyPatch* patch : {&defaults, &own}) {
    override_with(policy.balancer, patch->balancer);
    override_with(policy.ewma_decay, patch->ewma_decay);
    override_with(policy.first_limit, patch->first_limit);
    override_with(policy.weights, patch->weights);
    override_with(policy.tiers, patch->tiers);
    override_with(policy.min_healthy, patch->min_healthy);
    policy.prefer = patch->prefer ? patch->prefer : policy.prefer;
    override_with(policy.connect_timeout, patch->connect_timeout);
    override_with(policy.connect_attempts, patch->connect_attempts);
    override_with(policy.retry_budget, patch->retry_budget);
    override_with(policy.slow_start, patch->slow_start);
    if (patch->outliers) {
      apply(*patch->outliers, policy.outliers);
    }
    override_with(policy.idle_timeout, patch->idle_timeout);
    override_with(policy.max_connection_age, patch->max_connection_age);
    override_with(policy.max_connections, patch->max_connections);
    override_with(policy.max_per_endpoint, patch->max_per_endpoint);
    override_with(policy.queue_limit, patch->queue_limit);
    override_with(policy.queue_timeout, patch->queue_timeout);
    override_with(policy.client_connections, patch->client_connections);
    override_with(policy.client_rate, patch->client_rate);
    override_with(policy.client_burst, patch->client_burst);
    override_with(policy.client_ipv6_bits, patch->client_ipv6_bits);
    override_with(policy.allow, patch->allow);
    override_with(policy.deny, patch->deny);
    override_with(policy.proxy_send, patch->proxy_send);
    override_with(policy.proxy_crc32c, patch->proxy_crc32c);
    override_with(policy.proxy_unique_id, patch->proxy_unique_id);
    override_with(policy.proxy_sources, patch->proxy_sources);
    override_with(policy.proxy_timeout, patch->proxy_timeout);
    override_with(policy.drain_timeout, patch->drain_timeout);
    override_with(policy.drain_end, patch->drain_end);
    override_with(policy.on_down, patch->on_down);
    override_with(policy.source, patch->source);
    override_with(policy.session_up, patch->session_up);
    override_with(policy.session_down, patch->session_down);
    override_with(policy.service_up, patch->service_up);
    override_with(policy.service_down, patch->service_down);
    if (patch->health_check) {
      apply(*patch->health_check, kind, fast_given, check);
    }
  }
  policy.selector = own.selector;
  policy.sni = own.sni;
  if (kind) {
    check.kind = *kind;
    check.fast_interval = fast_given ? check.fast_interval : std::min(check.fast_interval, check.interval);
    policy.health_check = check;
  }
  return policy;
}

void set_policy(Service& service, const PolicyPatch& defaults, const PolicyPatch& own) {
  service.policy = make_policy(defaults, own);
  if (service.traffic_distribution && !own.prefer) {
    service.policy.prefer = service.traffic_distribution;
  }
  if (service.policy.selector) {
    service.selector = service.policy.selector;
  }
}

}  // namespace ringway::config
