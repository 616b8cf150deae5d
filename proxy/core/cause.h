#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringway::proxy {

/// Why a session ended. The names are those of the access log, `get sessions` and the label `reason`.
enum class Cause : std::uint8_t {
  kNone,
  kFinished,            ///< both sides said FIN and all data was passed on
  kClientReset,         ///< the client sent RST (or vanished: ETIMEDOUT)
  kUpstreamReset,       ///< the upstream sent RST (or vanished)
  kConnectRefused,      ///< the last attempt was answered with RST
  kConnectTimeout,      ///< the last attempt was not answered in `connect.timeout`
  kConnectUnreachable,  ///< no route, or the network said so
  kSourceAddress,       ///< the last attempt found no address of `source` that it may have
  kSourcePorts,         ///< the last attempt found no free port at the addresses of `source`
  kConnectError,        ///< any other failure of connect(2), also for want of local resources
  kNoEndpoint,          ///< nothing to pick from
  kDenied,              ///< `access` does not let the client in
  kProxyHeader,         ///< no PROXY header in time, or a wrong one, from a source that must send one
  kServerName,          ///< no route has the client's server name, and `sni.unmatched` is reject
  kClientConnections,   ///< the client had `perClient.maxConnections` sessions
  kClientRate,          ///< the client came faster than `perClient.rate`
  kEndpointsFull,  ///< each endpoint had `maxConnectionsPerEndpoint` sessions, also when the time in the queue was over
  kMaxConnections,  ///< the port had `maxConnections` sessions
  kIdleTimeout,     ///< no byte in either direction for `idleTimeout`
  kMaxAge,          ///< it has lasted for `maxConnectionAge`
  kDrained,         ///< the endpoint or the Service left, and `drain.timeout` has passed
  kEndpointDown,    ///< `onDown: closeSessions`
  kShutdown,        ///< the daemon stops and its drain limit has passed
  kCount,
};

inline constexpr std::size_t kCauseCount = static_cast<std::size_t>(Cause::kCount);

[[nodiscard]] constexpr std::string_view to_string(Cause cause) {
  constexpr std::array<std::string_view, kCauseCount> kNames = {"none",
                                                                "finished",
                                                                "clientReset",
                                                                "upstreamReset",
                                                                "connectRefused",
                                                                "connectTimeout",
                                                                "connectUnreachable",
                                                                "sourceAddress",
                                                                "sourcePorts",
                                                                "connectError",
                                                                "noEndpoint",
                                                                "denied",
                                                                "proxyHeader",
                                                                "serverName",
                                                                "clientConnections",
                                                                "clientRate",
                                                                "endpointsFull",
                                                                "maxConnections",
                                                                "idleTimeout",
                                                                "maxConnectionAge",
                                                                "drained",
                                                                "endpointDown",
                                                                "shutdown"};
  return kNames[static_cast<std::size_t>(cause)];
}

/// The ends of sessions that never reached an upstream: the reasons of `ringway_rejected_total`.
inline constexpr std::array kRejections = {
    Cause::kDenied,         Cause::kProxyHeader,    Cause::kServerName,         Cause::kClientConnections,
    Cause::kClientRate,     Cause::kEndpointsFull,  Cause::kMaxConnections,     Cause::kNoEndpoint,
    Cause::kConnectRefused, Cause::kConnectTimeout, Cause::kConnectUnreachable, Cause::kSourceAddress,
    Cause::kSourcePorts,    Cause::kConnectError};

/// The reasons of `ringway_connect_failures_total`: the `Cause`s that a single connect attempt can end with.
enum class ConnectFailure : std::uint8_t {
  kRefused,
  kTimeout,
  kUnreachable,
  kSourceAddress,
  kSourcePorts,
  kOther,
  kCount
};

inline constexpr std::size_t kConnectFailureCount = static_cast<std::size_t>(ConnectFailure::kCount);

/// Whether it may be the endpoint's fault. The others are a lack of ours: of addresses, ports, memory, rights.
[[nodiscard]] constexpr bool is_of_endpoint(ConnectFailure reason) {
  return reason < ConnectFailure::kSourceAddress;
}

[[nodiscard]] constexpr std::string_view to_string(ConnectFailure reason) {
  constexpr std::array<std::string_view, kConnectFailureCount> kNames = {"refused",       "timeout",     "unreachable",
                                                                         "sourceAddress", "sourcePorts", "other"};
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace ringway::proxy
