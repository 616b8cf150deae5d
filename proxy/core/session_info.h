#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "proxy/core/address.h"
#include "proxy/core/cause.h"
#include "proxy/core/clock.h"
#include "proxy/core/snapshot.h"

namespace ringway::proxy {

/// A session as `get sessions` shows it and as the access log ends it.
struct SessionInfo {
  std::string id;  ///< SessionId's text, or what a trusted client's PROXY header said: up to 128 bytes of any value
  Time opened;     ///< when it was accepted
  SocketAddress client;
  SocketAddress virtual_ip;
  ServiceKey service;
  std::string endpoint;  ///< `10.0.0.1:8080`, "" while none was picked
  std::string workload;
  std::string server_name;  ///< that the client asked for, where that chooses a route; "" = none
  std::uint64_t bytes_upstream = 0;
  std::uint64_t bytes_downstream = 0;
  std::chrono::milliseconds age{0};
  std::chrono::microseconds connect_time{0};  ///< of the last attempt; 0 where none succeeded
  /// From the begin of that connect to the upstream's first byte; null where none came.
  std::optional<std::chrono::microseconds> first_byte_time;
  std::uint32_t attempts = 0;
  std::string state;  ///< awaitingHeader, awaitingHello, connecting, established, halfClosed, closing
  Cause cause = Cause::kNone;
};

}  // namespace ringway::proxy
