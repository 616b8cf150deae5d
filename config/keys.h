#pragma once

#include <array>
#include <span>
#include <string_view>

/// Every key of our own that a configuration may hold. `config/README.md` explains each, and a test holds it to that.
namespace ringway::config {

using Key = std::string_view;

inline constexpr std::array<Key, 4> kRingwayKeys = {"apiVersion", "kind", "metadata", "spec"};
inline constexpr std::array<Key, 4> kRingwayMetadataKeys = {"name", "namespace", "labels", "annotations"};
inline constexpr std::array<Key, 16> kRingwaySpecKeys = {
    "node",     "workers",        "engine",        "busyPoll",          "backlog",   "admin",
    "log",      "virtualIPs",     "externalIPs",   "nodePortAddresses", "manifests", "discovery",
    "defaults", "stateDirectory", "minSyncPeriod", "transparentSource"};
inline constexpr std::array<Key, 2> kNodeKeys = {"name", "zone"};
inline constexpr std::array<Key, 1> kAdminKeys = {"listen"};
inline constexpr std::array<Key, 3> kLogKeys = {"level", "format", "accessLog"};
inline constexpr std::array<Key, 2> kVirtualIpKeys = {"mode", "interface"};
inline constexpr std::array<Key, 3> kTransparentSourceKeys = {"mark", "table", "priority"};
inline constexpr std::array<Key, 1> kExternalIpKeys = {"allow"};
inline constexpr std::array<Key, 3> kDiscoveryKeys = {"docker", "containerd", "kubernetes"};
inline constexpr std::array<Key, 2> kDockerKeys = {"socket", "network"};
inline constexpr std::array<Key, 1> kContainerdKeys = {"socket"};
inline constexpr std::array<Key, 4> kKubernetesKeys = {"kubeconfig", "context", "namespaces", "labelSelector"};
inline constexpr std::array<Key, 1> kDefaultsKeys = {"policy"};

inline constexpr std::array<Key, 24> kPolicyKeys = {
    "selector",  "balancer",    "peakEwma",         "first",          "weights",
    "tiers",     "locality",    "healthCheck",      "connect",        "outlierDetection",
    "slowStart", "idleTimeout", "maxConnectionAge", "maxConnections", "maxConnectionsPerEndpoint",
    "queue",     "perClient",   "access",           "proxyProtocol",  "sni",
    "drain",     "onDown",      "source",           "bandwidth"};
inline constexpr std::array<Key, 2> kQueueKeys = {"maxConnections", "timeout"};
inline constexpr std::array<Key, 4> kPerClientKeys = {"maxConnections", "rate", "burst", "ipv6Prefix"};
inline constexpr std::array<Key, 2> kAccessKeys = {"allow", "deny"};
inline constexpr std::array<Key, 1> kPeakEwmaKeys = {"decay"};
inline constexpr std::array<Key, 1> kFirstKeys = {"maxConnections"};
inline constexpr std::array<Key, 2> kWeightKeys = {"selector", "weight"};
inline constexpr std::array<Key, 1> kTierKeys = {"selector"};
inline constexpr std::array<Key, 2> kLocalityKeys = {"prefer", "minHealthy"};
inline constexpr std::array<Key, 2> kSelectorKeys = {"matchLabels", "matchExpressions"};
inline constexpr std::array<Key, 3> kMatchExpressionKeys = {"key", "operator", "values"};
inline constexpr std::array<Key, 9> kHealthCheckKeys = {"tcp",  "http", "grpc",   "interval",    "timeout",
                                                        "rise", "fall", "jitter", "fastInterval"};
inline constexpr std::array<Key, 5> kTcpCheckKeys = {"port", "send", "sendHex", "expect", "expectHex"};
inline constexpr std::array<Key, 6> kHttpCheckKeys = {"path", "method", "host", "expectStatus", "expectBody", "port"};
inline constexpr std::array<Key, 3> kGrpcCheckKeys = {"port", "service", "authority"};
inline constexpr std::array<Key, 3> kConnectKeys = {"timeout", "attempts", "retryBudget"};
inline constexpr std::array<Key, 7> kOutlierKeys = {"connectFailures", "earlyResets", "successRate", "interval",
                                                    "ejection",        "maxEjection", "maxEjected"};
inline constexpr std::array<Key, 3> kSuccessRateKeys = {"deviations", "minEndpoints", "minConnections"};
inline constexpr std::array<Key, 5> kProxyProtocolKeys = {"send", "crc32c", "uniqueId", "trustedSources", "timeout"};
inline constexpr std::array<Key, 2> kDrainKeys = {"timeout", "onEnd"};
inline constexpr std::array<Key, 2> kSourceKeys = {"addresses", "ports"};
inline constexpr std::array<Key, 4> kSniKeys = {"port", "routes", "timeout", "unmatched"};
inline constexpr std::array<Key, 2> kSniRouteKeys = {"names", "selector"};
inline constexpr std::array<Key, 2> kBandwidthKeys = {"perSession", "service"};
inline constexpr std::array<Key, 2> kRateKeys = {"up", "down"};

/// The keys of one mapping, `at` being its path as `config/README.md` writes it.
struct KeyTable {
  std::string_view at;
  std::span<const Key> keys;
};

inline constexpr std::array<KeyTable, 39> kKeyTables = {{
    {"", kRingwayKeys},
    {"metadata", kRingwayMetadataKeys},
    {"spec", kRingwaySpecKeys},
    {"spec.node", kNodeKeys},
    {"spec.admin", kAdminKeys},
    {"spec.log", kLogKeys},
    {"spec.virtualIPs", kVirtualIpKeys},
    {"spec.transparentSource", kTransparentSourceKeys},
    {"spec.externalIPs", kExternalIpKeys},
    {"spec.discovery", kDiscoveryKeys},
    {"spec.discovery.docker", kDockerKeys},
    {"spec.discovery.containerd", kContainerdKeys},
    {"spec.discovery.kubernetes", kKubernetesKeys},
    {"spec.defaults", kDefaultsKeys},
    {"policy", kPolicyKeys},
    {"policy.peakEwma", kPeakEwmaKeys},
    {"policy.first", kFirstKeys},
    {"policy.weights[]", kWeightKeys},
    {"policy.tiers[]", kTierKeys},
    {"policy.locality", kLocalityKeys},
    {"policy.selector", kSelectorKeys},
    {"policy.selector.matchExpressions[]", kMatchExpressionKeys},
    {"policy.healthCheck", kHealthCheckKeys},
    {"policy.healthCheck.tcp", kTcpCheckKeys},
    {"policy.healthCheck.http", kHttpCheckKeys},
    {"policy.healthCheck.grpc", kGrpcCheckKeys},
    {"policy.connect", kConnectKeys},
    {"policy.outlierDetection", kOutlierKeys},
    {"policy.outlierDetection.successRate", kSuccessRateKeys},
    {"policy.proxyProtocol", kProxyProtocolKeys},
    {"policy.queue", kQueueKeys},
    {"policy.perClient", kPerClientKeys},
    {"policy.source", kSourceKeys},
    {"policy.sni", kSniKeys},
    {"policy.sni.routes[]", kSniRouteKeys},
    {"policy.bandwidth", kBandwidthKeys},
    {"policy.bandwidth.perSession", kRateKeys},
    {"policy.bandwidth.service", kRateKeys},
    {"policy.drain", kDrainKeys},
}};

/// The keys that say how much or how long at the most, or what happens then: `ringway check` prints each. `first`,
/// `healthCheck`, `proxyProtocol` and `sni` only where a Service has them.
inline constexpr std::array kLimitKeys = {
    Key("spec.backlog"),
    Key("policy.connect.timeout"),
    Key("policy.connect.attempts"),
    Key("policy.connect.retryBudget"),
    Key("policy.idleTimeout"),
    Key("policy.maxConnectionAge"),
    Key("policy.maxConnections"),
    Key("policy.maxConnectionsPerEndpoint"),
    Key("policy.queue.maxConnections"),
    Key("policy.queue.timeout"),
    Key("policy.perClient.maxConnections"),
    Key("policy.perClient.rate"),
    Key("policy.perClient.burst"),
    Key("policy.bandwidth.perSession.up"),
    Key("policy.bandwidth.perSession.down"),
    Key("policy.bandwidth.service.up"),
    Key("policy.bandwidth.service.down"),
    Key("policy.drain.timeout"),
    Key("policy.drain.onEnd"),
    Key("policy.outlierDetection.maxEjection"),
    Key("policy.outlierDetection.maxEjected"),
    Key("policy.first.maxConnections"),
    Key("policy.healthCheck.timeout"),
    Key("policy.proxyProtocol.timeout"),
    Key("policy.sni.timeout"),
};

}  // namespace ringway::config
