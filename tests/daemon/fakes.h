#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/admin/http.h"
#include "daemon/board.h"
#include "daemon/supervisor.h"

namespace ringway::daemon::test {

/// A data plane that binds and publishes nothing but remembers what it was told.
class FakeDataPlane final : public proxy::DataPlane {
 public:
  proxy::Result<void> bind(const proxy::Snapshot& snapshot) override;
  void publish(std::shared_ptr<const proxy::Snapshot> snapshot) override;
  proxy::Result<std::vector<proxy::SocketAddress>> listen_for_probes(const proxy::SocketAddress&) override {
    return std::vector<proxy::SocketAddress>();
  }
  [[nodiscard]] bool full() const override { return false; }
  void maintain() override {}
  [[nodiscard]] std::uint64_t version_in_force() const override { return in_force; }
  void on_in_force(std::function<void()> callback) override { switched = std::move(callback); }
  void close_sessions(const std::shared_ptr<proxy::EndpointState>&, proxy::Cause) override {}
  void reset_sessions(const std::shared_ptr<proxy::EndpointState>&, proxy::Cause) override {}
  void list_sessions(std::size_t limit, std::function<void(std::vector<proxy::SessionInfo>)> done) override;
  std::vector<proxy::SessionInfo> take_ended() override { return {}; }
  void drain(std::function<void()> done) override { drained = std::move(done); }
  void stop() override { stopped = true; }
  [[nodiscard]] std::size_t worker_count() const override { return 2; }
  [[nodiscard]] const proxy::WorkerCounters& worker_counters(std::size_t worker) const override {
    return workers[worker];
  }
  [[nodiscard]] proxy::SteeringChoice steering() const override { return {}; }
  [[nodiscard]] proxy::EngineChoice engine() const override { return {.why = "a test asks for it"}; }
  [[nodiscard]] std::vector<proxy::IpAddress> added_virtual_ips() const override { return {}; }

  /// All listening addresses of a snapshot, as text.
  static std::vector<std::string> listens(const proxy::Snapshot& snapshot);

  std::string bind_error;  ///< "" = binding works
  bool apply_at_once = true;
  std::uint64_t in_force = 0;
  std::size_t binds = 0;
  std::vector<std::shared_ptr<const proxy::Snapshot>> published;
  std::vector<proxy::SessionInfo> sessions;
  std::function<void()> switched;
  std::function<void()> drained;
  bool stopped = false;
  std::array<proxy::WorkerCounters, 2> workers;
};

/// A check with the results that the test says.
class FakeCheck final : public discovery::HealthChecker::Subscription {
 public:
  [[nodiscard]] const discovery::Health& health() const override { return state; }
  [[nodiscard]] std::uint64_t successes() const override { return good; }
  [[nodiscard]] std::uint64_t failures() const override { return bad; }

  discovery::Health state;
  std::uint64_t good = 0;
  std::uint64_t bad = 0;
};

/// A board with one Service `shop/web` on 127.96.0.10:80, whose endpoints the test adds.
class FakeBoard final : public Board {
 public:
  FakeBoard();

  /// Adds an endpoint of the Service's port; the state may be changed by the test.
  discovery::EndpointView& add_endpoint(const std::string& address, discovery::EndpointCondition condition);
  /// The state of the endpoint that was added last.
  [[nodiscard]] proxy::EndpointState& last_state() { return *last_state_; }
  [[nodiscard]] proxy::ServiceStats& stats() { return *stats_; }

  [[nodiscard]] const config::Configuration& configuration() const override { return configured; }
  [[nodiscard]] std::vector<discovery::ServiceView> services() const override;
  [[nodiscard]] std::vector<discovery::ServicePortView> ports_after(const proxy::ServiceKey* after,
                                                                    std::size_t limit) const override;
  [[nodiscard]] std::vector<discovery::EndpointView> endpoints_after(const proxy::ServiceKey& key,
                                                                     const std::optional<proxy::SocketAddress>& after,
                                                                     std::size_t limit) const override;
  [[nodiscard]] const Workloads& workloads() const override { return known; }
  [[nodiscard]] const Sources& sources() const override { return heard; }
  [[nodiscard]] const SourceEvents& source_events() const override { return news; }
  [[nodiscard]] const proxy::DataPlane& data_plane() const override { return plane; }
  [[nodiscard]] const EventLog& events() const override { return log; }
  [[nodiscard]] const Tallies& tallies() const override { return counts; }
  [[nodiscard]] std::vector<std::string> wanted_sources() const override { return wanted; }
  [[nodiscard]] bool listening() const override { return listens; }
  [[nodiscard]] bool stopping() const override { return ends; }
  void check_data_path(DataPathAsker done) override { done(path); }
  void list_sessions(std::size_t limit, std::function<void(std::vector<proxy::SessionInfo>)> done) override {
    plane.list_sessions(limit, std::move(done));
  }
  ReloadReport reload() override {
    ++reloads;
    return report;
  }
  std::expected<std::size_t, std::string> drain(std::string_view endpoint, discovery::DrainLifetime lifetime) override;
  std::expected<std::size_t, std::string> undrain(std::string_view endpoint) override;

  config::Configuration configured;
  Workloads known;
  Sources heard;
  SourceEvents news;
  FakeDataPlane plane;
  EventLog log;
  Tallies counts;
  std::vector<std::string> wanted = {"file"};
  bool listens = true;
  bool ends = false;
  DataPathReport path;
  ReloadReport report;
  std::size_t reloads = 0;
  mutable std::size_t asked = 0;                            ///< times that somebody asked for the services
  std::vector<std::pair<std::string, std::string>> drains;  ///< of whom, and drain, persist or undrain
  std::string drain_error;                                  ///< of those that are to survive; "" = they can
  bool has_service = true;
  std::size_t twins =
      0;  ///< so many ports more run, `http-1` and on, all with the same endpoints; for the metrics alone
  bool panic = false;

 private:
  std::shared_ptr<proxy::ServiceStats> stats_;
  [[nodiscard]] std::shared_ptr<proxy::ServicePort> running(const proxy::ServiceKey& key) const;

  std::vector<discovery::EndpointView> endpoints_;
  std::multimap<proxy::SocketAddress, std::size_t> by_address_;  ///< places in `endpoints_`
  std::shared_ptr<proxy::EndpointState> last_state_;
};

/// The whole body, as a client that reads fast gets it.
[[nodiscard]] std::string read_all(BodySource& body);

/// A checker whose endpoints are never known to be up or down.
class FakeChecker final : public discovery::HealthChecker {
 public:
  std::unique_ptr<Subscription> watch(const proxy::SocketAddress&, const config::HealthCheck&, Changed) override {
    return std::make_unique<FakeCheck>();
  }
};

}  // namespace ringway::daemon::test
