#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "discovery/endpoint.h"
#include "discovery/frontends.h"
#include "discovery/reconciler.h"

namespace ringway::discovery {

/// What all ports of a Service share, and the routes of one name by themselves: made for the first that asks, alive
/// while a port of the Service, a session or a snapshot has it.
template <typename Table>
class ServiceTables {
 public:
  /// The one table of the Service that `key` is a port of.
  std::shared_ptr<Table> of(const proxy::ServiceKey& key) {
    auto& known = tables_[{key.ns, key.service, key.route}];
    auto table = known.lock();
    if (table == nullptr) {
      table = std::make_shared<Table>();
      known = table;
    }
    return table;
  }
  /// Null where nobody holds one.
  std::shared_ptr<Table> known(const proxy::ServiceKey& key) const {
    const auto found = tables_.find({key.ns, key.service, key.route});
    return found == tables_.end() ? nullptr : found->second.lock();
  }
  void forget_unused() {
    std::erase_if(tables_, [](const auto& known) { return known.second.expired(); });
  }

 private:
  std::map<std::tuple<std::string, std::string, std::string>, std::weak_ptr<Table>> tables_;
};

/// One port of a Service: its endpoints, their checks and drains, and the `proxy::ServicePort` of each of its frontends
/// that comes of them.
///
/// `update` takes what the sources say, `choose` decides who may be picked, `expire` ends what has drained. Lives on
/// after its Service was removed until the last of its sessions has ended.
class PortRuntime {
 public:
  struct Environment {
    std::size_t workers = 1;
    HealthChecker& checker;
    Reconciler::Output& output;
    Place here;
    /// An endpoint went up or down: `choose` is due.
    std::function<void(PortRuntime&)> health_changed;
    ServiceTables<proxy::AffinityTable> affinities = {};
    ServiceTables<proxy::ClientLimits> clients = {};
    ServiceTables<proxy::ServiceBandwidth> bandwidths = {};
  };

  /// A frontend and its place in the snapshot.
  struct Front {
    Frontend frontend;
    std::size_t slot = 0;
    proxy::ServicePort shape;
    /// Null before the first `choose`.
    std::shared_ptr<const proxy::ServicePort> running = {};
  };

  /// `stats` are those of the port and of all of its routes.
  PortRuntime(proxy::ServiceKey key, Environment& environment, std::shared_ptr<proxy::ServiceStats> stats);
  PortRuntime(const PortRuntime&) = delete;
  PortRuntime& operator=(const PortRuntime&) = delete;
  ~PortRuntime() = default;

  /// What `service` makes of a frontend before it has endpoints: where it listens, and its policy.
  static proxy::ServicePort shape(const proxy::ServiceKey& key, const config::Service& service,
                                  const Frontend& frontend);
  /// `running` has the shape that is asked for, so a configuration does not change it.
  static bool same_shape(const proxy::ServicePort& running, const proxy::ServicePort& asked);

  /// In force from now on; both references must stay valid until the next call or `retire`. `fronts` are what they make
  /// of it in a snapshot, see `planned_fronts`; what runs of them is known here.
  void configure(const config::Service& service, const config::ServicePort& port, std::vector<Front> fronts);
  /// Its key is not configured any more: every endpoint drains. `coming` is the version that is built next.
  void retire(std::uint64_t coming, proxy::Time now);

  /// Exactly the endpoints of `set` are there from now on.
  void update(CandidateSet set, const DrainMarks& marks, proxy::Time now);
  /// The same of the endpoints at `addresses` alone; `set` has no others, and none unresolved.
  void update_only(const Addresses& addresses, CandidateSet set, const DrainMarks& marks, proxy::Time now);
  /// Decides who may be picked in version `coming`. True where something in `fronts()` runs anew.
  bool choose(std::uint64_t coming, proxy::Time now);

  /// Ejects the endpoints that sessions fail with; true where there was one, and `choose` is due. `seen`: one failed
  /// since the last call.
  bool find_outliers(bool seen, proxy::Time now);
  /// Says how many clients were refused since the last call, and why, where there were any; of the routes too.
  void tell_refusals();
  /// When `choose` is due though nobody said anything: an ejection ends, a slow start goes on. Time::max() for never.
  [[nodiscard]] proxy::Time next_turn() const { return next_turn_; }

  /// The endpoints that `text`, or `address` where it is one, names.
  [[nodiscard]] std::vector<DrainMark> named(std::string_view text,
                                             const std::optional<proxy::SocketAddress>& address) const;
  /// Drains the endpoints that `marks` name, and no others. True where that changed one, and `choose` is due.
  bool follow(const DrainMarks& marks);

  /// Something here waits for `expire`.
  [[nodiscard]] bool draining() const;
  /// Closes and frees what is due; returns when it is to be called next, Time::max() for never.
  proxy::Time expire(proxy::Time now, std::uint64_t in_force);

  [[nodiscard]] const proxy::ServiceKey& key() const { return identity_->key; }
  [[nodiscard]] const std::shared_ptr<proxy::ServiceStats>& stats() const { return identity_->stats; }
  [[nodiscard]] bool configured() const { return service_ != nullptr; }
  /// What the configuration says of it; null when it is not configured.
  [[nodiscard]] const config::ServicePort* config() const { return port_; }
  [[nodiscard]] bool empty() const { return endpoints_.empty() && leaving_.empty(); }
  /// Empty while it is not configured.
  [[nodiscard]] std::span<const Front> fronts() const { return fronts_; }
  /// Null where it has no such frontend, or none that runs.
  [[nodiscard]] std::shared_ptr<const proxy::ServicePort> running(const Frontend& frontend) const;
  [[nodiscard]] ServicePortView view(proxy::Time now) const;
  /// The same without endpoints.
  [[nodiscard]] ServicePortView summary() const;
  /// See Reconciler::endpoints_after.
  [[nodiscard]] std::vector<EndpointView> endpoints_after(const std::optional<proxy::SocketAddress>& after,
                                                          std::size_t limit, proxy::Time now) const;
  /// `into` is the view of the port that this is a route of.
  void add_to(ServicePortView& into, proxy::Time now) const;

 private:
  /// When the sessions of an endpoint that begins to drain are closed. Draining without a limit still is draining, so
  /// that is a time that never comes, and not `Time::max()`.
  [[nodiscard]] proxy::Time drain_deadline(proxy::Time now) const {
    return now + (drain_timeout_.count() > 0 ? proxy::Duration(drain_timeout_) : std::chrono::years(100));
  }
  /// By address. Pointers, for an endpoint that comes or goes moves those behind it.
  using Endpoints = std::vector<std::unique_ptr<Endpoint>>;
  struct Choice {
    std::vector<std::shared_ptr<proxy::EndpointState>> endpoints;
    std::vector<std::uint16_t> weights;  ///< as proxy::ServicePort has them
    std::vector<std::vector<std::shared_ptr<proxy::EndpointState>>> reserves;
    std::size_t tier = 0;
    Reach wanted = Reach::kAnywhere;
    Reach reach = Reach::kAnywhere;
    std::size_t healthy = 0;
    std::size_t ready = 0;
    bool panic = false;
    bool silent = false;
  };

  /// That of the first endpoint whose address is not less.
  Endpoints::iterator place_of(const proxy::SocketAddress& address);
  void put(CandidateSet& set, const DrainMarks& marks);
  [[nodiscard]] std::unique_ptr<Endpoint> make_endpoint(const proxy::SocketAddress& address,
                                                        const Candidate& candidate) const;
  /// One that left and is back, else a new one.
  std::unique_ptr<Endpoint> take_back(const proxy::SocketAddress& address, const Candidate& candidate);
  void leave(std::unique_ptr<Endpoint> endpoint, proxy::Time now);
  void watch(Endpoint& endpoint);
  void health_changed(const proxy::SocketAddress& address);
  void note_well(proxy::Time now);
  [[nodiscard]] bool starts_slowly(const Endpoint& endpoint, proxy::Time now) const;
  [[nodiscard]] double share_of(const Endpoint& endpoint, proxy::Time now) const;
  [[nodiscard]] Choice pick(const Frontend& frontend, proxy::Time now) const;
  [[nodiscard]] bool reaches(const Frontend& frontend, const Endpoint& endpoint) const;
  /// By family and traffic policy no frontend reaches it: it counts for nothing, as if it were not there.
  [[nodiscard]] bool out_of_bounds(const Endpoint& endpoint) const;
  [[nodiscard]] std::string bounds_of(const Endpoint& endpoint) const;
  /// True where `front` runs anew.
  bool run(Front& front, Choice choice) const;
  void say_tier(const Choice& choice);
  void mark_published(const std::vector<Choice>& choices, std::uint64_t coming, proxy::Time now);
  void say_panic(const Choice& choice);
  [[nodiscard]] EndpointView view_of(const Endpoint& endpoint, bool is_leaving, proxy::Time now) const;

  const std::shared_ptr<const proxy::PortIdentity> identity_;
  Environment& environment_;
  std::shared_ptr<proxy::RouteStats> route_stats_;  ///< null: no route
  std::shared_ptr<proxy::SniStats> sni_stats_ = std::make_shared<proxy::SniStats>();
  const config::Service* service_ = nullptr;
  const config::ServicePort* port_ = nullptr;
  std::vector<Front> fronts_;
  std::optional<config::HealthCheck> check_;
  std::uint64_t check_generation_ = 1;
  std::chrono::milliseconds drain_timeout_{0};  ///< 0 = no limit
  config::DrainEnd drain_end_ = config::DrainEnd::kClose;
  bool panic_ = false;
  std::size_t tier_ = 0;
  Reach wanted_ = Reach::kAnywhere;
  Reach reach_ = Reach::kAnywhere;
  OutlierDetector outliers_;
  std::array<std::uint64_t, proxy::kRejections.size()> refused_{};  ///< that were told of
  proxy::Time next_turn_ = proxy::Time::max();

  Endpoints endpoints_;
  std::vector<std::unique_ptr<Endpoint>> leaving_;     ///< in the order in which they left
  std::vector<std::unique_ptr<Endpoint>> unresolved_;  ///< without an address: to be shown, nothing else
};

}  // namespace ringway::discovery
