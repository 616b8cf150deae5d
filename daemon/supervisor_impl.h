#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/watchlist.h"
#include "daemon/admin/api.h"
#include "daemon/admin/server.h"
#include "daemon/cluster_services.h"
#include "daemon/config_watch.h"
#include "daemon/data_path_probe.h"
#include "daemon/health_ports.h"
#include "daemon/supervisor.h"
#include "discovery/kubernetes/kubernetes.h"
#include "discovery/reconciler.h"
#include "discovery/source/watcher.h"
#include "discovery/store.h"
#include "proxy/core/clock.h"

namespace ringway::daemon {

/// Its members stand in seven files: supervisor.cc (start), supervisor_flow.cc (news to snapshots), supervisor_drain.cc
/// (drains by hand), supervisor_cluster.cc (Services of a cluster), supervisor_node.cc (the machine's addresses),
/// supervisor_reload.cc, and supervisor_end.cc.
class Supervisor::Impl final : public Board,
                               public discovery::Store::Listener,
                               public discovery::Reconciler::Output,
                               public discovery::ClusterSink {
 public:
  Impl(boost::asio::io_context& context, SupervisorOptions options);
  ~Impl() override;

  std::expected<void, std::vector<std::string>> start();
  /// The first call drains and ends, a second one ends at once.
  void end();
  [[nodiscard]] std::string admin_address() const { return server_ ? server_->address() : ""; }

  // Board
  [[nodiscard]] const config::Configuration& configuration() const override { return *configuration_; }
  [[nodiscard]] std::vector<discovery::ServiceView> services() const override { return reconciler_->services(); }
  [[nodiscard]] std::vector<discovery::ServicePortView> ports_after(const proxy::ServiceKey* after,
                                                                    std::size_t limit) const override {
    return reconciler_->ports_after(after, limit);
  }
  [[nodiscard]] std::vector<discovery::EndpointView> endpoints_after(const proxy::ServiceKey& key,
                                                                     const std::optional<proxy::SocketAddress>& after,
                                                                     std::size_t limit) const override {
    return reconciler_->endpoints_after(key, after, limit);
  }
  [[nodiscard]] const Workloads& workloads() const override { return store_.workloads(); }
  [[nodiscard]] const Sources& sources() const override { return store_.sources(); }
  [[nodiscard]] const SourceEvents& source_events() const override { return store_.events(); }
  [[nodiscard]] const proxy::DataPlane& data_plane() const override { return *data_plane_; }
  [[nodiscard]] const EventLog& events() const override { return events_; }
  [[nodiscard]] const Tallies& tallies() const override { return tallies_; }
  [[nodiscard]] std::vector<std::string> wanted_sources() const override;
  [[nodiscard]] bool listening() const override;
  [[nodiscard]] bool stopping() const override { return stopping_; }
  void check_data_path(DataPathAsker done) override;
  void list_sessions(std::size_t limit, std::function<void(std::vector<proxy::SessionInfo>)> done) override;
  ReloadReport reload() override { return reload("asked for"); }
  std::expected<std::size_t, std::string> drain(std::string_view endpoint, discovery::DrainLifetime lifetime) override;
  std::expected<std::size_t, std::string> undrain(std::string_view endpoint) override;

  // Store::Listener
  void workload_changed(const discovery::Workload* before, const discovery::Workload* after,
                        proxy::Time arrived) override;
  void listed(const std::string& source, std::size_t count) override;
  void batch_done() override;
  void source_changed(const std::string& source, const discovery::SourceStatus& status) override;

  // Reconciler::Output
  void snapshot_wanted() override;
  void close_sessions(const std::shared_ptr<proxy::EndpointState>& endpoint, proxy::Cause cause) override;
  void reset_sessions(const std::shared_ptr<proxy::EndpointState>& endpoint, proxy::Cause cause) override;
  void say(const std::string& line) override;

  // ClusterSink
  void service_changed(const std::string& id, const config::ApiService* now, proxy::Time arrived) override;
  void slice_changed(const std::string& id, std::shared_ptr<const config::EndpointSlice> now,
                     proxy::Time arrived) override;
  void zone_known(const std::string& zone) override;
  void refused(const std::string& line) override;

 private:
  using Lines = std::vector<std::string>;
  using Endpoints = std::set<std::shared_ptr<proxy::EndpointState>>;

  // start
  std::expected<void, Lines> start_parts();
  proxy::Result<void> bind_first(const proxy::Snapshot& snapshot);
  void start_sources();
  void start_watch();
  void start_timers();
  void wait_for_signal();

  // flow
  void put_in_force(std::shared_ptr<const config::Configuration> configuration);
  void publish();
  void in_force(proxy::Time when);
  void note_settled();
  void expire();
  void tell_endpoint_events(const proxy::Snapshot& next);
  void tell_left(const Endpoints& old_ones, const Endpoints& new_ones);
  void changed_something();
  void sample_workers();
  void write_access_log();
  void every_second();

  // drain
  void restore_drains();
  std::expected<std::size_t, std::string> change_drains(std::string_view endpoint,
                                                        std::optional<discovery::DrainLifetime> lifetime);

  // cluster
  void merge_soon(proxy::Time arrived);
  void merge_services();
  void configure_merged();
  void tell_refused_external_ips();
  void retry_refused();
  void want_pods_of_files();

  // node
  [[nodiscard]] std::vector<proxy::IpAddress> find_node_addresses(const config::Configuration& configuration);
  void learn_node_addresses(const config::Configuration& configuration);
  void look_at_node();
  void follow_node();
  void follow_health_ports();
  [[nodiscard]] HealthPorts::State health_of(const HealthPorts::Name& name) const;

  // reload
  ReloadReport reload(const std::string& why);
  Lines try_reload(ReloadReport& report);
  void plan_retry(const ReloadReport& report);
  void watch_files();

  // end
  void finish();

  boost::asio::io_context& context_;
  SupervisorOptions options_;
  proxy::SteadyClock clock_;
  EventLog events_;
  std::set<std::string> heard_sources_;
  Tallies tallies_;

  std::shared_ptr<const config::Configuration> files_;          ///< what the files say
  std::shared_ptr<const config::Configuration> configuration_;  ///< the same with the Services of clusters
  ClusterServices cluster_services_;
  std::unique_ptr<proxy::DataPlane> data_plane_;
  std::unique_ptr<DataPathProbe> probe_;  ///< null where there can be none
  std::unique_ptr<discovery::HealthChecker> checker_;
  std::unique_ptr<discovery::Reconciler> reconciler_;
  discovery::Store store_{*this};
  std::vector<std::unique_ptr<discovery::Watcher>> watchers_;
  discovery::KubernetesWatcher* kubernetes_ = nullptr;  ///< one of them, or null
  std::unique_ptr<ConfigWatch> config_watch_;
  Api api_{*this};
  std::unique_ptr<Server> server_;

  boost::asio::signal_set signals_;
  boost::asio::steady_timer expire_timer_;
  boost::asio::steady_timer second_timer_;
  boost::asio::steady_timer access_timer_;
  boost::asio::steady_timer end_timer_;
  boost::asio::steady_timer merge_timer_;
  boost::asio::steady_timer publish_timer_;
  bool merge_planned_ = false;
  proxy::Duration merge_cost_{0};               ///< what the last one took
  proxy::Time tried_refused_at_;                ///< Services of the cluster that the machine refuses
  std::set<std::string> refused_external_ips_;  ///< the lines that were told
  std::unique_ptr<HealthPorts> health_ports_;
  std::set<std::string> health_port_problems_;    ///< the lines that were told
  std::vector<proxy::IpAddress> node_addresses_;  ///< that node ports listen on
  proxy::Time node_looked_at_;
  std::string node_problem_;                         ///< the last one that was told, "" = none
  proxy::Time oldest_service_ = proxy::Time::max();  ///< when the oldest news that the coming snapshot holds arrived

  /// A version that is not in force everywhere yet, and when the oldest news in it arrived.
  struct UnderWay {
    std::uint64_t version = 0;
    proxy::Time arrived;
  };
  std::deque<UnderWay> under_way_;
  std::shared_ptr<const proxy::Snapshot> published_;
  std::uint64_t first_version_ = 0;
  bool settled_ = false;  ///< what every source said first has been put in force
  bool publish_posted_ = false;
  proxy::Time published_at_;                            ///< when a snapshot was last put in force
  config::Watchlist watchlist_;                         ///< of the configuration in force
  std::optional<config::Watchlist> refused_watchlist_;  ///< of the last one that was read, where that was refused
  std::chrono::seconds retry_after_{0};                 ///< of a reload that the machine refused; zero: none is due
  proxy::Time retry_at_;

  /// Busy and idle time of each worker at the last kBusySamples seconds, and its longest turn in each, oldest first.
  struct BusySample {
    std::uint64_t busy_us = 0;
    std::uint64_t idle_us = 0;
    std::uint64_t longest_turn_us = 0;
  };
  std::deque<std::vector<BusySample>> busy_samples_;

  bool stopping_ = false;
  bool finished_ = false;
};

}  // namespace ringway::daemon
