#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "discovery/port_runtime.h"
#include "discovery/reconciler.h"
#include "discovery/reconciler_plan.h"
#include "discovery/service_index.h"
#include "discovery/slot_table.h"

namespace ringway::discovery {

/// What changes marks Services (their endpoints are to be collected again) or ports (who may be picked is to be decided
/// again); `settle` does that work, once for all changes since the last snapshot.
class Reconciler::Impl {
 public:
  Impl(std::size_t workers, const proxy::Clock& clock, HealthChecker& checker, Output& output);

  void set_node_addresses(std::vector<proxy::IpAddress> addresses) { node_addresses_ = std::move(addresses); }
  [[nodiscard]] std::shared_ptr<const proxy::Snapshot> preview(const config::Configuration& configuration) const;
  void configure(std::shared_ptr<const config::Configuration> configuration);
  void workload_changed(const Workload* before, const Workload* after, proxy::Time arrived);
  void slice_changed(const std::string& id, std::shared_ptr<const config::EndpointSlice> now, proxy::Time arrived);
  void set_zone(const std::string& zone);
  DrainPlan plan_drain(std::string_view endpoint, std::optional<DrainLifetime> lifetime);
  void set_drains(DrainMarks marks);
  [[nodiscard]] const DrainMarks& drains() const { return drain_marks_; }
  std::shared_ptr<const proxy::Snapshot> build();
  [[nodiscard]] proxy::Time oldest_pending() const { return oldest_pending_; }
  proxy::Time expire(std::uint64_t in_force);
  void review_sessions();
  [[nodiscard]] std::vector<ServiceView> services() const;
  [[nodiscard]] std::vector<EndpointView> endpoints(const proxy::ServiceKey& key) const;
  [[nodiscard]] std::vector<ServicePortView> ports_after(const proxy::ServiceKey* after, std::size_t limit) const;
  [[nodiscard]] std::vector<EndpointView> endpoints_after(const proxy::ServiceKey& key,
                                                          const std::optional<proxy::SocketAddress>& after,
                                                          std::size_t limit) const;

 private:
  using WorkloadKey = std::pair<std::string, std::string>;

  struct Entry {
    const config::Service* service = nullptr;
    std::shared_ptr<const config::Service> routed;  ///< of a route: see PlannedPort. Null: the entry of a Service
    std::vector<PortRuntime*> ports;                ///< none where the Service is not proxied
    std::unordered_set<const Workload*> members;
    std::vector<const config::EndpointSlice*> slices;
    bool dirty = false;      ///< stands in `dirty_entries_`
    bool all_dirty = false;  ///< all its endpoints are to be collected, not only those of `touched`
    bool mixed = false;      ///< when last collected, its slices were of two families
    Addresses touched;       ///< of which something else is said now
  };

  [[nodiscard]] std::shared_ptr<const proxy::ServicePort> preview_of(const proxy::ServiceKey& key,
                                                                     PortRuntime::Front front) const;
  void tell_answers(ServicePortView& view) const;
  [[nodiscard]] bool runs(const PortRuntime& port) const;
  void retire_all_but(const std::set<proxy::ServiceKey>& kept);
  void make_entries(const config::Configuration& configuration);
  void index_entries(const config::Configuration& configuration);
  void join_slices(const config::Configuration& configuration);
  Entry* owner_of(const config::EndpointSlice& slice);
  void place_ports();
  /// Marks the endpoints at `addresses`, all where it is nothing.
  void note(Entry& entry, const std::optional<Addresses>& addresses);
  PortRuntime& port_of(const proxy::ServiceKey& key);
  Entry& entry_of(const PlannedPort& planned);
  void mark(Entry& entry);
  void enlist(Entry& entry);
  void mark(PortRuntime& port);
  void want_snapshot();
  void forget(PortRuntime& port);
  void keep_others(DrainMarks& marks, const DrainMark& back, DrainLifetime lifetime,
                   const std::optional<proxy::SocketAddress>& address) const;
  void settle();
  void collect(Entry& entry, proxy::Time now);

  const proxy::Clock& clock_;
  Output& output_;
  PortRuntime::Environment environment_;
  std::shared_ptr<const config::Configuration> configuration_;

  std::map<WorkloadKey, Workload> workloads_;    ///< nodes are stable: entries point at them
  std::vector<std::unique_ptr<Entry>> entries_;  ///< those of the Services in their order, then those of routes
  std::vector<Entry*> selecting_;                ///< those that the index knows, by its positions
  ServiceIndex index_;
  std::map<std::pair<std::string_view, std::string_view>, Entry*> sliced_;  ///< those with slices, by their name
  std::map<std::string, std::shared_ptr<const config::EndpointSlice>> told_slices_;  ///< by id
  std::set<std::string> hidden_slices_;  ///< ids that the configuration has too
  std::string told_zone_;
  std::vector<proxy::IpAddress> node_addresses_;
  DrainMarks drain_marks_;

  SlotTable slots_;
  std::map<proxy::ServiceKey, std::unique_ptr<PortRuntime>> ports_;
  proxy::SharedVector<std::shared_ptr<const proxy::ServicePort>> by_slot_;
  std::uint64_t version_ = 0;
  bool changed_ = false;  ///< by_slot_ differs from the last snapshot
  bool wanted_ = false;   ///< the owner was told and has not built yet
  proxy::Time oldest_pending_ = proxy::Time::max();

  std::vector<Entry*> dirty_entries_;
  std::set<PortRuntime*> dirty_ports_;
  std::set<PortRuntime*> draining_ports_;
  std::set<PortRuntime*> waiting_ports_;  ///< where time alone changes who may be picked
};

}  // namespace ringway::discovery
