#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/mistake.h"
#include "config/shared.h"
#include "discovery/labels/selector.h"
#include "discovery/labels/weight.h"
#include "proxy/core/address.h"
#include "proxy/core/shared_text.h"

/// What a person wrote, validated and in plain values. Nothing here knows of YAML. Every value is immutable after
/// `load` and may be read by any thread.
namespace ringway::config {

using discovery::Labels;
using discovery::Selector;
using std::chrono::milliseconds;

enum class Protocol : std::uint8_t { kTcp, kUdp, kSctp };
enum class Balancer : std::uint8_t {
  kLeastConnections,
  kRoundRobin,
  kRandom,
  kPowerOfTwo,
  kSourceHash,
  kPeakEwma,
  kFirst,
};
/// Which endpoints come before others: on the same node, then in the same zone, then all.
enum class Prefer : std::uint8_t { kNone, kSameZone, kSameNode };
enum class Engine : std::uint8_t { kAuto, kIoUring, kEpoll };
enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };
enum class LogFormat : std::uint8_t { kText, kJson };
enum class VirtualIpMode : std::uint8_t { kAuto, kSteer, kOff };
/// Of the PROXY protocol.
enum class ProxyHeaderVersion : std::uint8_t { kNone, kV1, kV2 };
enum class OnDown : std::uint8_t { kKeepSessions, kCloseSessions };
/// What happens to the sessions that a draining endpoint has left when `drain.timeout` is over: FIN to both sides, and
/// RST to whoever has not answered in 2 s (session_end.cc); RST at once; nothing.
enum class DrainEnd : std::uint8_t { kClose, kReset, kKeep };

/// The head that all Kubernetes kinds share.
struct Metadata {
  std::string name;
  std::string ns = "default";
  Labels labels;
  Labels annotations;
  bool terminating = false;  ///< `deletionTimestamp` is set
  Position at;               ///< where the document begins

  /// The same object to all that read it here: not by its annotations, which only decoders read, nor by its place.
  bool operator==(const Metadata& other) const {
    return name == other.name && ns == other.ns && labels == other.labels && terminating == other.terminating;
  }
};

struct StatusRange {
  std::uint16_t first = 200;
  std::uint16_t last = 399;

  bool operator==(const StatusRange&) const = default;
};

/// An active check. Every probe opens a connection of its own.
struct HealthCheck {
  enum class Kind : std::uint8_t { kTcp, kHttp, kGrpc };
  Kind kind = Kind::kTcp;
  std::uint16_t port = 0;  ///< 0 = the port that sessions go to
  std::string method = "GET";
  std::string path = "/";
  std::string host;                            ///< of http, and the authority of grpc; "" = the endpoint's address
  std::string service;                         ///< of grpc: whose health is asked for; "" = the whole server's
  std::vector<StatusRange> expect_status{{}};  ///< `"200-399"`, `"200,204,300-399"`
  std::string send;                            ///< of tcp: bytes said after the connect; "" = none
  std::string expect;       ///< of tcp: bytes that the first 64 KiB of the answer must hold; "" = none
  std::string expect_body;  ///< text that the first 64 KiB of the body must hold; "" = any
  milliseconds interval{2000};
  milliseconds fast_interval{500};  ///< while a result differs from the state (HAProxy's fastinter)
  milliseconds timeout{1000};
  std::uint32_t rise = 2;
  std::uint32_t fall = 3;
  double jitter = 0.05;  ///< share of the interval by which probes are spread

  bool operator==(const HealthCheck&) const = default;
};

/// The endpoints whose labels match have this weight.
struct WeightRule {
  Selector selector;
  std::uint16_t weight = discovery::kDefaultWeight;

  bool operator==(const WeightRule&) const = default;
};

/// When an endpoint is taken out for a while by what sessions found out about it (Envoy's outlier detection, whose
/// defaults these are but where said). Zero switches a reason off.
struct OutlierDetection {
  std::uint32_t connect_failures = 5;   ///< in a row
  std::uint32_t early_resets = 5;       ///< in a row: sessions reset by the upstream before its first byte
  double deviations = 1.9;              ///< success rates so many standard deviations below the mean of all
  std::uint32_t min_endpoints = 5;      ///< with `min_connections` each, else success rates say nothing
  std::uint32_t min_connections = 100;  ///< within `interval`
  milliseconds interval{10'000};        ///< window of success rates; one without ejection shortens the next
  milliseconds ejection{10'000};        ///< the first; each one after it lasts twice as long (Envoy: so much longer)
  milliseconds max_ejection{300'000};   ///< the longest
  double max_ejected = 0.5;             ///< share of a port's ready endpoints (Envoy: 0.1)

  bool operator==(const OutlierDetection&) const = default;
};

/// Where upstream connections come from.
struct Source {
  enum class Kind : std::uint8_t { kAuto, kAddresses, kTransparent };
  Kind kind = Kind::kAuto;             ///< the kernel's choice; as below; the client's address
  std::vector<std::string> addresses;  ///< canonical; empty = the kernel's choice
  std::uint16_t first_port = 0;        ///< 0 = the kernel's choice
  std::uint16_t last_port = 0;

  bool operator==(const Source&) const = default;
};

/// One set of endpoints behind a port, for those clients who name one of its hosts.
struct SniRoute {
  std::vector<std::string> names;  ///< lower case, `*.` in front for a wildcard; the first is the name of the route
  Selector selector;

  bool operator==(const SniRoute&) const = default;
};

/// Pass-through of TLS by the server name in the ClientHello.
struct Sni {
  std::variant<std::uint16_t, std::string> port;  ///< as written: number, name, or "" = the only one; then the number
  std::vector<SniRoute> routes;
  milliseconds timeout{5000};  ///< for the ClientHello (HAProxy's usual inspect-delay)
  bool reject = false;         ///< who takes no route gets RST; else the Service's own endpoints

  bool operator==(const Sni&) const = default;
};

/// Our own part of a Service. Zero durations mean "never".
struct Policy {
  std::optional<Selector> selector;  ///< the full grammar, in the place of `spec.selector`
  Balancer balancer = Balancer::kPowerOfTwo;
  milliseconds ewma_decay{10'000};          ///< of peakEwma (Finagle's and linkerd's default)
  std::uint32_t first_limit = 0;            ///< of first: sessions that fill an endpoint; 0 = no number does
  std::vector<WeightRule> weights;          ///< the first that matches counts, before the workload's own label
  std::vector<Selector> tiers;              ///< in the order of their use; who matches none is in one more, the last
  std::optional<Prefer> prefer;             ///< absent = what EndpointSlices hint
  double min_healthy = 0.7;                 ///< share of the near endpoints below which farther ones get sessions too
  std::optional<HealthCheck> health_check;  ///< absent = readiness of the source alone
  milliseconds connect_timeout{1000};
  std::uint32_t connect_attempts = 3;
  double retry_budget = 0.2;                                ///< retries that a session earns
  milliseconds slow_start{0};                               ///< 0 = none
  std::optional<OutlierDetection> outliers{std::in_place};  ///< absent = off
  milliseconds idle_timeout{3'600'000};
  milliseconds max_connection_age{0};
  std::uint32_t max_connections = 0;  ///< of each port; 0 = no limit
  std::uint32_t max_per_endpoint = 0;
  std::uint32_t queue_limit = 0;  ///< sessions that may wait for one of these two
  milliseconds queue_timeout{5000};
  std::uint32_t client_connections = 0;  ///< of one client address
  std::uint32_t client_rate = 0;         ///< new sessions of one client address each second
  std::uint32_t client_burst = 0;        ///< 0 = as `client_rate`
  std::uint8_t client_ipv6_bits = 64;
  std::vector<std::string> allow;  ///< networks, canonical; empty = all that `deny` does not name
  std::vector<std::string> deny;
  ProxyHeaderVersion proxy_send = ProxyHeaderVersion::kNone;
  bool proxy_crc32c = false;
  bool proxy_unique_id = false;
  std::vector<std::string> proxy_sources;  ///< networks of those who must send a PROXY header; canonical
  milliseconds proxy_timeout{5000};
  std::optional<Sni> sni;
  milliseconds drain_timeout{30'000};
  DrainEnd drain_end = DrainEnd::kClose;
  OnDown on_down = OnDown::kKeepSessions;
  Source source;
  std::uint64_t session_up = 0;  ///< bytes each second from the client of one session; 0 = no limit
  std::uint64_t session_down = 0;
  std::uint64_t service_up = 0;  ///< of all sessions of the Service
  std::uint64_t service_down = 0;

  bool operator==(const Policy&) const = default;
};

struct ServicePort {
  std::string name;
  std::uint16_t port = 0;
  Protocol protocol = Protocol::kTcp;
  std::variant<std::uint16_t, std::string> target_port;  ///< a number, or a name that each Pod resolves
  std::uint16_t node_port = 0;                           ///< 0 = none

  bool operator==(const ServicePort&) const = default;
};

enum class ServiceType : std::uint8_t { kClusterIp, kNodePort, kLoadBalancer, kExternalName };

struct Service {
  Metadata metadata;
  ServiceType type = ServiceType::kClusterIp;
  std::vector<std::string> cluster_ips;  ///< canonical texts, at most one for each family; "None" = headless
  std::optional<Selector> selector;      ///< policy.selector, else spec.selector; absent = endpoints come from slices
  std::vector<ServicePort> ports;
  bool publish_not_ready_addresses = false;
  bool internal_local = false;            ///< spec.internalTrafficPolicy Local: this node's endpoints alone
  bool external_local = false;            ///< spec.externalTrafficPolicy Local: the same, for who comes from outside
  std::vector<std::string> external_ips;  ///< spec.externalIPs as far as `kind: Ringway` allows them; canonical
  std::vector<std::string> refused_external_ips;  ///< the others
  std::vector<std::string> ingress_ips;           ///< of status.loadBalancer, those with ipMode VIP
  std::vector<std::string> source_ranges;         ///< who may come in by `ingress_ips`; canonical, empty = all
  std::uint16_t health_check_node_port = 0;       ///< 0 = none
  milliseconds affinity_timeout{0};               ///< spec.sessionAffinity ClientIP; 0 = None
  std::optional<Prefer> traffic_distribution;     ///< spec.trafficDistribution
  Policy policy;                                  ///< with the defaults of `kind: Ringway` applied

  [[nodiscard]] bool headless() const;
  /// Has an address or a node port that clients can dial; else there is nothing to run.
  [[nodiscard]] bool dialable() const;
  /// Its endpoints, or some of them, are workloads that it selects.
  [[nodiscard]] bool selects() const { return selector.has_value() || policy.sni.has_value(); }
  bool operator==(const Service&) const = default;
};

struct ContainerPort {
  std::string name;
  std::uint16_t port = 0;
  Protocol protocol = Protocol::kTcp;
};

struct Pod {
  Metadata metadata;
  std::string node;  ///< spec.nodeName
  std::vector<ContainerPort> ports;
  std::vector<std::string> ips;  ///< status.podIPs, else status.podIP; canonical
  bool ready = true;             ///< the condition Ready where there is one, else true
  std::string not_ready_reason;
  bool finished = false;                ///< phase Succeeded or Failed
  std::optional<std::uint16_t> weight;  ///< its annotation's, else its label's
};

struct EndpointPort {
  std::string name;
  std::uint16_t port = 0;
  Protocol protocol = Protocol::kTcp;

  bool operator==(const EndpointPort&) const = default;
};

/// Where an endpoint is, and whose clients it is for.
struct Placement {
  std::string node;
  std::string zone;
  std::vector<std::string> hint_zones;  ///< hints.forZones: the zones whose clients it is for
  std::vector<std::string> hint_nodes;  ///< hints.forNodes

  bool operator==(const Placement&) const = default;
};
/// As Shared asks for it.
[[nodiscard]] std::size_t hash_value(const Placement& placement);

/// One entry of an EndpointSlice. nil `ready` and `serving` are true, nil `terminating` is false.
struct SliceEndpoint {
  proxy::IpAddress address;  ///< addresses[0]
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  Shared<Placement> place;
  proxy::SharedText workload;  ///< targetRef's name after the slice's namespace: "shop/web-1"; "" where it has none

  bool operator==(const SliceEndpoint&) const = default;
};
// There are hundreds of thousands in a large cluster.
static_assert(sizeof(SliceEndpoint) <= 40);

struct EndpointSlice {
  Metadata metadata;
  std::string service;  ///< label kubernetes.io/service-name
  std::vector<EndpointPort> ports;
  std::vector<SliceEndpoint> endpoints;
  std::optional<std::uint16_t> weight;  ///< of each of them; the annotation's, else the label's

  bool operator==(const EndpointSlice&) const = default;
};

struct Node {
  Metadata metadata;
};

struct DockerSource {
  std::string socket = "unix:/var/run/docker.sock";
  std::string network;  ///< "" = bridge where the container has it, else its first network by name
};

struct ContainerdSource {
  std::string socket = "unix:/run/containerd/containerd.sock";
};

/// Whether this build can ask containerd: it had gRPC. A configuration that wants it is a mistake where it cannot.
[[nodiscard]] bool containerd_built_in();

/// The API of a Kubernetes cluster.
struct KubernetesSource {
  std::string kubeconfig;               ///< a path, `~/` being $HOME; "" = in-cluster
  std::string context;                  ///< of the kubeconfig; "" = its current-context
  std::vector<std::string> namespaces;  ///< empty = all
  std::string label_selector;           ///< of the Services; "" = all
};

/// Asks for what the kernel allows: it cuts this to net.core.somaxconn, 4,096 by default.
inline constexpr std::uint32_t kDefaultBacklog = 65'535;

struct PolicyPatch;

/// `kind: Ringway`: the daemon itself.
struct Ringway {
  std::string node;  ///< default: the host name
  std::string zone;
  std::uint32_t workers = 0;  ///< 0 = CPUs allowed
  Engine engine = Engine::kAuto;
  std::chrono::microseconds busy_poll{0};         ///< how long a worker looks for work before it sleeps
  std::chrono::milliseconds min_sync_period{10};  ///< changes are put in force at most so often
  std::uint32_t backlog = kDefaultBacklog;        ///< connections that wait to be accepted, of each listening socket
  std::string admin_listen = "127.0.0.1:9900";
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  bool access_log = false;
  VirtualIpMode virtual_ip_mode = VirtualIpMode::kAuto;
  std::string virtual_ip_interface = "lo";
  std::uint32_t transparent_mark = 0x2000;    ///< of packets to sockets with a client's address; no mark of Kubernetes
  std::uint32_t transparent_table = 8192;     ///< of the route that brings them in
  std::uint32_t transparent_priority = 1000;  ///< of the rule that leads there
  std::vector<std::string> external_ip_ranges;  ///< networks that `externalIPs` of Services may be of; canonical
  bool node_port_primary = true;                ///< node ports on the primary address of each family
  std::vector<std::string> node_port_ranges;    ///< and on the machine's addresses in these networks; canonical
  std::vector<std::string> manifests;
  std::string state_directory;  ///< absolute; "" = $STATE_DIRECTORY, else /var/lib/ringway
  std::optional<DockerSource> docker;
  std::optional<ContainerdSource> containerd;
  std::optional<KubernetesSource> kubernetes;
  Policy default_policy;
  std::shared_ptr<const PolicyPatch> default_patch;  ///< what was written of it, for Services that come later
};

/// Moves those of `external_ips` that `ringway` does not allow to `refused_external_ips`.
void restrict_external_ips(Service& service, const Ringway& ringway);

struct Configuration {
  Ringway ringway;
  std::vector<Service> services;
  std::vector<Pod> pods;
  std::vector<EndpointSlice> slices;
  std::vector<Node> nodes;
  std::vector<std::filesystem::path> files;  ///< all that were read, in order
  std::vector<std::string>
      notes;  ///< what was read and is not acted on, for a person: "service shop/db: headless, skipped"
};

}  // namespace ringway::config
