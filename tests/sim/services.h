#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "proxy/relay/reactor.h"
#include "proxy/ring/simulated/simulated_ring.h"
#include "tests/sim/upstreams.h"

namespace ringway::sim {

/// What the control plane does to the data plane: plans, and the changes between two of them.
///
/// An endpoint lives as the Reconciler has it: once no plan in force names it and no session counts itself there, it is
/// let go. Here it stays in memory, so that whoever still touches it is found.
class Services {
 public:
  Services(Upstreams& upstreams, proxy::simulated::SimulatedRing& ring, const Scenario& scenario, std::uint64_t seed);

  /// The first plan, or the next: one that differs from it at random.
  proxy::Switch advance();
  /// The data plane runs this version from now on.
  void set_in_force(std::uint64_t version) { in_force_ = plans_[version - 1].get(); }
  [[nodiscard]] const proxy::Plan& plan() const { return *in_force_; }
  /// How often a rate of bandwidth has changed, and when it last did.
  [[nodiscard]] std::uint64_t bandwidth_changes() const { return bandwidth_changes_; }
  [[nodiscard]] proxy::Time bandwidth_changed_at() const { return bandwidth_changed_at_; }
  [[nodiscard]] const SocketAddress& virtual_ip(std::uint32_t service) const { return virtual_ips_[service]; }
  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(virtual_ips_.size()); }
  /// The port in force whose address that is, null where none has it.
  [[nodiscard]] const proxy::ServicePort* port_at(const SocketAddress& virtual_ip) const;
  /// A route of that port, 0 or 1; null where it has none.
  [[nodiscard]] const proxy::ServicePort* route_at(const SocketAddress& virtual_ip, std::uint32_t route) const;
  /// Any endpoint that there ever was, null where there was none.
  [[nodiscard]] proxy::EndpointState* any_endpoint();

  /// Lets go of endpoints that nobody needs any more.
  void collect();
  /// What is wrong when all sessions have ended, "" where nothing is.
  [[nodiscard]] std::string leftovers() const;

 private:
  static constexpr std::uint32_t kRoutes = 2;  ///< of a port with routes

  struct Kept {
    std::shared_ptr<proxy::EndpointState> state;
    bool named = false;  ///< by the plan in force
    bool let_go = false;
    std::uint64_t touched = 0;  ///< of one that was let go: all its counts then
  };
  static std::uint64_t counts_of(const proxy::EndpointState& endpoint);
  std::shared_ptr<proxy::ServicePort> make_port(std::uint32_t slot);
  std::shared_ptr<proxy::EndpointState> make_endpoint(std::uint32_t slot);
  proxy::SessionPolicy draw_policy();
  void limit_bandwidth(proxy::ServicePort& port);
  std::shared_ptr<const proxy::Source> draw_source();
  std::shared_ptr<const proxy::AccessList> draw_access();
  std::shared_ptr<const proxy::AccessList> draw_proxies();
  void draw_preferences(std::uint32_t slot, proxy::ServicePort& port);
  void change(std::uint32_t slot, proxy::Switch& to);
  void change_endpoints(std::uint32_t what, std::uint32_t service, proxy::ServicePort& port);
  void change_policy(std::uint32_t slot, proxy::ServicePort& port, proxy::Switch& to);
  void add_routes(std::uint32_t slot, proxy::ServicePort& port, proxy::Switch& to);
  void drop_routes(std::uint32_t slot, proxy::Switch& to);
  /// Behind the places of the Services.
  [[nodiscard]] std::uint32_t route_slot(std::uint32_t service, std::uint32_t route) const {
    return count() + kRoutes * service + route;
  }

  Upstreams& upstreams_;
  proxy::simulated::SimulatedRing& ring_;
  const Scenario& scenario_;
  Random random_;
  std::vector<SocketAddress> virtual_ips_;
  std::vector<std::shared_ptr<const proxy::ServicePort>> ports_;
  std::vector<std::shared_ptr<proxy::ServiceStats>> stats_;
  std::vector<std::shared_ptr<proxy::ServiceStats>> all_stats_;  ///< those of removed Services too
  std::vector<std::unique_ptr<const proxy::Plan>> plans_;
  const proxy::Plan* in_force_ = nullptr;
  std::vector<Kept> endpoints_;
  std::uint64_t bandwidth_changes_ = 0;
  proxy::Time bandwidth_changed_at_;
};

}  // namespace ringway::sim
