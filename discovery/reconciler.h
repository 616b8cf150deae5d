#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/values.h"
#include "discovery/candidates.h"
#include "discovery/drain_marks.h"
#include "discovery/frontends.h"
#include "discovery/health/health_checker.h"
#include "discovery/health/outlier_detector.h"
#include "discovery/preference.h"
#include "discovery/store.h"
#include "proxy/core/answer.h"
#include "proxy/core/clock.h"
#include "proxy/core/snapshot.h"

namespace ringway::discovery {

/// What keeps an endpoint in or out, in the words of `ringway_endpoints{state}`. One that is several of these has the
/// last of them that applies.
enum class EndpointCondition : std::uint8_t {
  kReady,     ///< ready by its source and, where checked, up
  kNotReady,  ///< its source says so: starting, paused, unhealthy
  kUnknown,   ///< ready, and no health check has ended yet: gets no session (unless in panic)
  kDown,      ///< ready, and the health check failed
  kEjected,   ///< ready and not down, and taken out for a while by what sessions found out
  kDrained,   ///< taken out by hand
  kDraining,  ///< terminating, relabelled or gone: no new session, the old ones may end until `drain.timeout`
};
[[nodiscard]] std::string_view to_string(EndpointCondition condition);
/// "sameNode", "sameZone", "anywhere".
[[nodiscard]] std::string_view to_string(Reach reach);

/// One endpoint of one port of a Service, as `get endpoints` and `describe service` show it.
struct EndpointView {
  std::shared_ptr<const proxy::EndpointState> state;
  std::string source;  ///< "docker", "file", "endpointslice"
  std::string node;
  std::string zone;
  std::uint16_t weight = kDefaultWeight;
  std::size_t tier = 0;  ///< from 0
  EndpointCondition condition = EndpointCondition::kNotReady;
  std::string reason;       ///< why it is not ready, for a person; "" when it is
  bool usable = false;      ///< may be picked for a new session now, be it by panic mode
  bool in_reserve = false;  ///< for retries only: its tier or place is not the preferred one
  std::array<std::uint64_t, kEjectionReasonCount> ejections{};  ///< by EjectionReason
  const HealthChecker::Subscription* check = nullptr;           ///< null where there is no health check
};

struct FrontendView {
  Frontend frontend;
  std::shared_ptr<const proxy::ServicePort> running;
  proxy::Answer answer = proxy::Answer::kRefuses;
};

/// A route of a port. Its endpoints stand among the port's: their `state->service().route` names it.
struct RouteView {
  std::string name;
  const config::Service* service = nullptr;  ///< as if the Service had the route's selector, and no other route
  std::shared_ptr<const proxy::ServicePort> running;  ///< that of the first frontend
  std::size_t tier = 0;
  std::size_t usable = 0;
  std::size_t total = 0;  ///< without those that drain
};

struct ServicePortView {
  std::shared_ptr<const proxy::ServiceKey> key;
  const config::ServicePort* configured = nullptr;
  std::shared_ptr<const proxy::ServicePort> running;  ///< that of the first frontend
  std::vector<FrontendView> frontends;
  std::vector<EndpointView> endpoints;  ///< by address; draining ones too; those of routes after the port's own
  std::vector<RouteView> routes;        ///< by name
  std::size_t tier = 0;                 ///< the one in use
  Reach wanted = Reach::kAnywhere;      ///< how far sessions go while enough near endpoints are healthy
  Reach reach = Reach::kAnywhere;       ///< and how far they go now
};

struct ServiceView {
  const config::Service* service = nullptr;
  std::vector<ServicePortView> ports;
};

/// Store + health + policy -> Snapshot. Pure bookkeeping: no socket, no timer, no thread; the owner drives it.
/// All members are for the control thread.
class Reconciler {
 public:
  /// What the owner must do when the Reconciler says so. The Reconciler may be read from within, not changed.
  class Output {
   public:
    virtual ~Output() = default;
    /// Something changed: call `build` soon (changes that come until then go into one snapshot).
    virtual void snapshot_wanted() = 0;
    /// The drain limit of `endpoint` has passed, or its policy is `onDown: closeSessions` and it is down.
    virtual void close_sessions(const std::shared_ptr<proxy::EndpointState>& endpoint, proxy::Cause cause) = 0;
    /// The same where its policy is `drain.onEnd: reset`: nobody is waited for.
    virtual void reset_sessions(const std::shared_ptr<proxy::EndpointState>& endpoint, proxy::Cause cause) = 0;
    /// A Service went into panic mode or left it: one line for a person, at level warn.
    virtual void say(const std::string& line) = 0;
  };

  Reconciler(std::size_t workers, const proxy::Clock& clock, HealthChecker& checker, Output& output);
  ~Reconciler();

  /// The machine's addresses that node ports listen on, from the next `preview` and `configure` on.
  void set_node_addresses(std::vector<proxy::IpAddress> addresses);

  /// What a configuration would run, for `DataPlane::bind`, without putting it in force: the slots, keys, addresses and
  /// policies that `configure` followed by `build` would give, with the endpoints of now. Not to be published.
  [[nodiscard]] std::shared_ptr<const proxy::Snapshot> preview(const config::Configuration& configuration) const;
  /// Puts a configuration in force; endpoints, their counters and their health survive where the key does.
  void configure(std::shared_ptr<const config::Configuration> configuration);

  /// From the Store. `arrived` of the oldest news goes into `oldest_pending`.
  void workload_changed(const Workload* before, const Workload* after, proxy::Time arrived);

  /// An EndpointSlice that a source tells of, beside those of the configuration; null `now`: it is gone. `id` is
  /// "namespace/name"; one of the same id in the configuration hides it.
  void slice_changed(const std::string& id, std::shared_ptr<const config::EndpointSlice> now, proxy::Time arrived);
  /// The zone that this daemon runs in, as a source knows it; what the configuration says goes before it.
  void set_zone(const std::string& zone);

  /// The drains by hand as they would be after another one, and how many endpoints or drains of absent ones it named.
  struct DrainPlan {
    DrainMarks marks;
    std::size_t named = 0;
  };
  /// `endpoint` is an address `ip:port`, a workload's name, or `namespace/name`. Null `lifetime`: it is put back.
  [[nodiscard]] DrainPlan plan_drain(std::string_view endpoint, std::optional<DrainLifetime> lifetime);
  /// Takes the endpoints that `marks` name, now or later, out for new sessions, and no others.
  void set_drains(DrainMarks marks);
  [[nodiscard]] const DrainMarks& drains() const;

  /// The next snapshot: a new version with all changes, or null where nothing changed since the last. Costs what
  /// changed. Afterwards `oldest_pending()` is reset.
  std::shared_ptr<const proxy::Snapshot> build();
  /// When the oldest news that the coming snapshot holds arrived; Time::max() where none is pending.
  [[nodiscard]] proxy::Time oldest_pending() const;

  /// Ends ejections, lets slow starts go on, closes what has drained too long, and frees endpoints that no worker can
  /// know any more (version `in_force` runs everywhere). Returns when it wants to be called next, Time::max() for
  /// never. To be called after each `build` too, also one that gave null: a drain may have begun.
  proxy::Time expire(std::uint64_t in_force);

  /// Ejects the endpoints that sessions fail with, and says what clients were refused. To be called once a second;
  /// costs a look at each port, and at the endpoints of those where something failed.
  void review_sessions();

  /// For the admin API and metrics; pointers in it are valid until the next call of a non-const member.
  [[nodiscard]] std::vector<ServiceView> services() const;
  /// The endpoints of one port, or of one route, found without a look at the others; empty where there is none such.
  [[nodiscard]] std::vector<EndpointView> endpoints(const proxy::ServiceKey& key) const;

  // For readers that let other work run while they read on: they remember where they were by value, so whatever comes
  // or goes meanwhile, nothing is read twice.

  /// At most `limit` of the ports that run and of their routes, in the order of their keys (a port before its routes),
  /// from the first after `after`, or of all where that is null. Endpoints and routes are left out of them.
  [[nodiscard]] std::vector<ServicePortView> ports_after(const proxy::ServiceKey* after, std::size_t limit) const;
  /// `limit` endpoints of one port, or of one route, by address, from the first after `after`, or of all where that is
  /// nothing; and as many more as have the address of the last. Of those at one address, one that is there comes first.
  [[nodiscard]] std::vector<EndpointView> endpoints_after(const proxy::ServiceKey& key,
                                                          const std::optional<proxy::SocketAddress>& after,
                                                          std::size_t limit) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::discovery
