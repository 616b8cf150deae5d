#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "proxy/core/clock.h"
#include "proxy/core/snapshot.h"

namespace ringway::proxy {

/// What may influence one choice.
struct PickContext {
  std::span<const EndpointState* const> tried;  ///< refused or timed out for this session: not again
  std::uint64_t random = 0;                     ///< uniform; the worker's own source, so that tests can seed it
  IpAddress client;                             ///< 0.0.0.0 unless the picker wants it
  Time now;
};

/// Chooses the endpoint for a new session. Immutable and shared by all workers: what changes with each choice stands in
/// the endpoints and in ServiceStats, as atomics. Made by the control thread whenever its ServicePort changes, so a
/// costly table is built off the data path.
class Picker {
 public:
  virtual ~Picker() = default;
  /// Null where every endpoint was tried, or there is none.
  [[nodiscard]] virtual EndpointState* pick(const PickContext& context) const = 0;
  /// `PickContext::client` is needed. It costs the session a system call.
  [[nodiscard]] virtual bool wants_client() const { return false; }
};

/// The picker for `port.policy.balancer`. It refers to `port`, which must outlive it.
std::unique_ptr<const Picker> make_picker(const ServicePort& port);

}  // namespace ringway::proxy
