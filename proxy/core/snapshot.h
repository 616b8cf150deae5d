#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/core/access_list.h"
#include "proxy/core/address.h"
#include "proxy/core/affinity_table.h"
#include "proxy/core/bandwidth.h"
#include "proxy/core/cause.h"
#include "proxy/core/client_limits.h"
#include "proxy/core/counters.h"
#include "proxy/core/doubt.h"
#include "proxy/core/peak_ewma.h"
#include "proxy/core/proxy_protocol.h"
#include "proxy/core/shared_text.h"
#include "proxy/core/shared_vector.h"
#include "proxy/core/sni_routes.h"
#include "proxy/core/source.h"

namespace ringway::proxy {

enum class Protocol : std::uint8_t { kTcp, kUdp };

[[nodiscard]] constexpr std::string_view to_string(Protocol protocol) {
  return protocol == Protocol::kTcp ? "TCP" : "UDP";
}

/// The identity of one port of a Service, as kube-proxy's ServicePortName has it: never the number.
struct ServiceKey {
  std::string ns;
  std::string service;
  std::string port;  ///< the port's name, "" where it has none
  Protocol protocol = Protocol::kTcp;
  std::string route = {};  ///< of a route of that port: the first of its server names; "" for the port itself

  auto operator<=>(const ServiceKey&) const = default;
  /// `shop/web:http`, or `shop/web` where the port has no name; of a route `shop/web:https/shop.example`.
  [[nodiscard]] std::string to_string() const;
};

/// What the endpoints of one port have in common.
struct PortIdentity {
  ServiceKey key;
  std::shared_ptr<ServiceStats> stats;  ///< its Service's: sessions of one that was removed still count there
};

/// One address behind one port of a Service: what stays the same, and the counts that all workers share.
///
/// Lifetime: the Reconciler owns it. A worker may hold a plain pointer for as long as it counts itself in `active`;
/// the Reconciler lets go of an endpoint only when every worker runs a snapshot without it and it is `unused`.
struct EndpointState {
  EndpointState(std::shared_ptr<const PortIdentity> of, SocketAddress where, SharedText workload_name)
      : port(std::move(of)), workload(std::move(workload_name)), address(where) {}
  EndpointState(ServiceKey service_key, SocketAddress where, std::string_view workload_name,
                std::shared_ptr<ServiceStats> service_stats)
      : EndpointState(std::make_shared<const PortIdentity>(std::move(service_key), std::move(service_stats)), where,
                      SharedText(workload_name)) {}

  [[nodiscard]] const ServiceKey& service() const { return port->key; }

  const std::shared_ptr<const PortIdentity> port;
  const SharedText workload;  ///< `namespace/name` of the Pod or container, "" for a bare EndpointSlice address
  const SocketAddress address;

  // Who reads what is above goes on to count here, so that these are better not kept on lines of their own.
  std::atomic<std::uint32_t> active{0};  ///< sessions, connecting ones included; any worker
  std::atomic<std::uint32_t> pinned{0};  ///< ended sessions that the access log has not written yet
  /// Failed since one last succeeded; what counts as the endpoint's fault, see Session::connect_failed.
  std::atomic<std::uint32_t> connect_failures_in_row{0};
  std::atomic<std::uint32_t> early_resets_in_row{0};
  // Counts of failures go around after 4,294,967,295: who reads a counter takes that for a restart of it.
  std::atomic<std::uint32_t> early_resets{0};  ///< by the upstream before its first byte
  std::atomic<std::uint64_t> connections{0};   ///< connected
  std::array<std::atomic<std::uint32_t>, kConnectFailureCount> connect_failures{};
  Doubt doubt;
  PeakEwma latency;  ///< of connect and first byte; observed where the balancer is peakEwma

  [[nodiscard]] bool unused() const {
    return active.load(std::memory_order_acquire) == 0 && pinned.load(std::memory_order_acquire) == 0;
  }
};

// There are hundreds of thousands in a large cluster.
static_assert(sizeof(EndpointState) <= 112);

enum class Balancer : std::uint8_t {
  kRoundRobin,
  kLeastConnections,
  kRandom,
  kPowerOfTwo,
  kSourceHash,
  kPeakEwma,
  kFirst,
};
inline constexpr std::size_t kBalancerCount = 7;

/// What a session needs to know of its Service's policy. Durations of zero mean "never".
struct SessionPolicy {
  Balancer balancer = Balancer::kPowerOfTwo;
  std::chrono::milliseconds ewma_decay{10'000};  ///< of peakEwma
  std::uint32_t first_limit = 0;                 ///< of first: sessions that fill an endpoint, 0 = no number does
  std::chrono::milliseconds connect_timeout{1000};
  std::uint32_t connect_attempts = 3;  ///< 1 to kMaxConnectAttempts; see Session::may_retry for what counts
  std::uint32_t retry_budget = 200;    ///< thousandths of a retry that a session earns, see RetryBudget
  std::chrono::milliseconds idle_timeout{3'600'000};
  std::chrono::milliseconds affinity_timeout{0};  ///< a client keeps its endpoint for so long; 0 = no affinity
  std::uint32_t max_connections = 0;              ///< of the port, over all workers; 0 = no limit
  std::uint32_t max_per_endpoint = 0;             ///< of each of the port's endpoints; 0 = no limit
  std::uint32_t queue_limit = 0;                  ///< sessions that may wait where one of these two is reached
  std::chrono::milliseconds queue_timeout{5000};
  ClientLimit per_client;
  ProxyVersion proxy_send = ProxyVersion::kNone;  ///< of the header that an upstream gets first
  bool proxy_crc32c = false;
  bool proxy_unique_id = false;
  std::chrono::milliseconds proxy_timeout{5000};  ///< for the header of a client out of `proxy_sources`
  Rates bandwidth{};                              ///< of each session
  std::chrono::milliseconds max_age{0};           ///< from the connect on, give or take kAgeJitter

  bool operator==(const SessionPolicy&) const = default;
};

inline constexpr std::uint32_t kMaxConnectAttempts = 16;
/// By which share a session's `max_age` differs at most, so that those which began together do not end together (gRPC
/// proposal A9, MAX_CONNECTION_AGE).
inline constexpr double kAgeJitter = 0.1;
inline constexpr std::uint16_t kMaxWeight = 1000;

/// One port of a Service as the data plane runs it, or those of its addresses that see the same endpoints, or one route
/// of such: several of these may have one `key`, and share `stats`. Immutable once published.
struct ServicePort {
  ServiceKey key;
  std::vector<SocketAddress> listen;                      ///< what clients dial; none of a route
  std::vector<std::shared_ptr<EndpointState>> endpoints;  ///< may be picked now; empty = refuse at once
  std::vector<std::uint16_t> weights;  ///< of `endpoints`, each 1 to kMaxWeight; empty where all are equal
  /// Lower tiers and farther places: picked from, the first group first, by a session that tried all of `endpoints`.
  std::vector<std::vector<std::shared_ptr<EndpointState>>> reserves;
  bool panic = false;  ///< all are unhealthy; `endpoints` are the ready ones
  /// Without `endpoints`, whoever connects gets no answer instead of a refusal: there are some, and on other nodes.
  bool silent = false;
  SessionPolicy policy;
  std::shared_ptr<const AccessList> access;         ///< null: all clients may come in
  std::shared_ptr<const AccessList> sources;        ///< who may as well; null: all
  std::shared_ptr<const AccessList> proxy_sources;  ///< who speaks for others: sends a PROXY header first. Null: nobody
  std::shared_ptr<const Source> source;             ///< null: the kernel's choice
  std::shared_ptr<ClientLimits> clients;            ///< of the Service; null: `per_client` limits nothing
  Rates service_bandwidth{};                        ///< of `bandwidth`, for who compares
  std::shared_ptr<ServiceBandwidth> bandwidth;      ///< of the Service; null: it limits nothing
  std::shared_ptr<AffinityTable> affinity;          ///< of the Service; null: no affinity
  std::shared_ptr<const SniRoutes> sni;             ///< of a port with routes. Null: all take `endpoints`
  std::shared_ptr<RouteStats> route;                ///< of a route. Null: this is a port
  std::uint32_t route_of = 0;                       ///< of a route: the place of its port
  std::shared_ptr<ServiceStats> stats;              ///< a port and its routes have one
};

/// All that workers know of the world. Immutable, built whole by the Reconciler, shared by pointer.
///
/// `ports` is indexed by a slot that a frontend of a port keeps from one version to the next; a free slot is null. An
/// entry that did not change is the same object as in the version before, so a worker finds the changes by comparing
/// pointers.
struct Snapshot {
  std::uint64_t version = 0;
  SharedVector<std::shared_ptr<const ServicePort>> ports;

  /// Null for a free slot and for one beyond the end.
  [[nodiscard]] const ServicePort* port(std::size_t slot) const {
    return slot < ports.size() ? ports[slot].get() : nullptr;
  }
};

/// Calls `visit(slot)` for each slot whose port is another one than before. Null `before`: nothing ran.
template <typename Visit>
void for_each_changed(const Snapshot* before, const Snapshot& after, Visit&& visit) {
  static const Snapshot kNone;
  decltype(after.ports)::for_each_difference((before == nullptr ? kNone : *before).ports, after.ports,
                                             std::forward<Visit>(visit));
}

}  // namespace ringway::proxy
