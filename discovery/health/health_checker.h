#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/values.h"
#include "proxy/core/address.h"

namespace ringway::discovery {

/// What the probes of one endpoint came to.
struct Health {
  std::optional<bool> up;  ///< nullopt: no probe has ended yet
  std::string detail;      ///< the last result for a person: "HTTP 503, wanted 200-399", "connect: refused"

  bool operator==(const Health&) const = default;
};

/// Probes the endpoints that it is told of. Lives on the control thread's executor.
///
/// `rise` successes in a row take a down endpoint up, `fall` failures an up one down; the first success of an unknown
/// one is enough, and so is `fall` for its failures (design.md section 4; HAProxy's rise and fall).
class HealthChecker {
 public:
  /// `changed` runs on the control thread whenever the `up` or `detail` of a checked address differs from before.
  using Changed = std::function<void(const proxy::SocketAddress&)>;

  /// One subscription to the probes of one address by one check; ends with the object. Equal ones share their probes.
  class Subscription {
   public:
    virtual ~Subscription() = default;
    [[nodiscard]] virtual const Health& health() const = 0;
    /// Probes that ended, for `ringway_health_checks_total{result}`.
    [[nodiscard]] virtual std::uint64_t successes() const = 0;
    [[nodiscard]] virtual std::uint64_t failures() const = 0;
  };

  virtual ~HealthChecker() = default;
  virtual std::unique_ptr<Subscription> watch(const proxy::SocketAddress& address, const config::HealthCheck& check,
                                              Changed changed) = 0;
};

}  // namespace ringway::discovery
