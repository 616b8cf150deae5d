#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "discovery/reconciler.h"
#include "discovery/store.h"
#include "proxy/relay/reactor.h"
#include "proxy/ring/simulated/simulated_ring.h"
#include "tests/sim/sources/engine.h"

namespace ringway::sim {

/// From the Store to a snapshot in force, as the daemon does: one for each turn of its loop.
inline constexpr auto kMostBuild = std::chrono::milliseconds(20);
/// The propagation bound: after this a session goes by what is true of a container.
inline constexpr auto kPropagation = kMostHearsay + kMostBuild + std::chrono::milliseconds(10);

/// What one seed came to.
struct SourcesOutcome {
  std::optional<std::string> violation;
  std::uint64_t connects = 0;
  std::uint64_t ended = 0;
  std::uint64_t refused = 0;  ///< rightly, as nobody was there for long enough
  std::uint64_t snapshots = 0;
};

/// One seed, played to its end: two container engines, the real Store and Reconciler, and a Reactor over the simulated
/// ring, all in one simulated time.
class SourcesWorld final : private proxy::simulated::Actor,
                           private proxy::simulated::Observer,
                           private proxy::Clock,
                           private discovery::Store::Listener,
                           private discovery::Reconciler::Output {
 public:
  /// `ended` is emptied; it is the caller's because it is large.
  SourcesWorld(std::uint64_t seed, proxy::EndedLog& ended);
  ~SourcesWorld() override = default;
  SourcesWorld(const SourcesWorld&) = delete;
  SourcesWorld& operator=(const SourcesWorld&) = delete;

  SourcesOutcome play();

 private:
  enum Happening : std::uint32_t { kClient, kLook, kChange, kBuild, kExpire, kReview, kStop };
  class NoHealth;

  void act(std::uint32_t what, std::uint32_t subject) override;
  void connect_client(std::uint32_t client);
  void build();
  void publish(std::shared_ptr<const proxy::Snapshot> snapshot);
  void expire();
  void read_log();
  void check_connected(EndId client);
  void check_ended(const proxy::EndedSession& ended);
  void refused(const SocketAddress& client, const SocketAddress& virtual_ip, std::string_view why);
  void report(std::string what);
  void post(std::function<void()> work);

  [[nodiscard]] Time now() const override { return timeline_.now(); }

  void workload_changed(const discovery::Workload* before, const discovery::Workload* after, Time arrived) override {
    reconciler_.workload_changed(before, after, arrived);
  }
  void batch_done() override { snapshot_wanted(); }
  void source_changed(const std::string& /*source*/, const discovery::SourceStatus& /*status*/) override {}

  void snapshot_wanted() override;
  void close_sessions(const std::shared_ptr<proxy::EndpointState>& endpoint, proxy::Cause cause) override;
  void reset_sessions(const std::shared_ptr<proxy::EndpointState>& endpoint, proxy::Cause cause) override;
  void say(const std::string& /*line*/) override {}

  void on_accepted(EndId /*end*/) override {}
  void on_connect(EndId end, const SocketAddress& to, proxy::Token token) override;
  void on_connected(EndId /*end*/) override {}
  void on_asked(EndId /*end*/, proxy::Token /*token*/) override {}
  void on_moved(EndId /*end*/) override {}
  void on_sent(EndId /*end*/, std::uint64_t /*position*/, std::span<const std::byte> /*bytes*/) override {}
  void on_asked_peer(EndId /*end*/) override {}
  void on_preface(EndId /*end*/, std::span<const std::byte> /*bytes*/) override {}
  void on_shut_send(EndId /*end*/) override {}
  void on_close(EndId /*end*/) override {}
  void between_completions() override;
  void on_violation(EndId /*end*/, std::string what) override { report(std::move(what)); }

  Scenario scenario_;
  Random random_;
  proxy::EndedLog& ended_;
  proxy::simulated::Trace trace_;
  proxy::simulated::Timeline timeline_;
  Hosts hosts_;
  proxy::simulated::Network network_;
  proxy::simulated::SimulatedRing ring_;
  Peers peers_;
  proxy::WorkerCounters counters_;
  proxy::SessionBudget budget_;

  std::unique_ptr<discovery::HealthChecker> checker_;
  discovery::Reconciler reconciler_;
  discovery::Store store_;
  std::vector<std::unique_ptr<Engine>> engines_;
  bool build_planned_ = false;
  Time expire_planned_ = Time::max();

  std::vector<std::unique_ptr<const proxy::Plan>> plans_;
  std::uint64_t in_force_ = 0;
  std::vector<std::function<void()>> posted_;   ///< for the data plane, between two completions
  std::map<SocketAddress, Time> connected_at_;  ///< by client
  SourcesOutcome outcome_;
  std::unique_ptr<proxy::Reactor> reactor_;
};

}  // namespace ringway::sim
