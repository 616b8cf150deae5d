#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/relay/reactor.h"
#include "proxy/ring/simulated/simulated_ring.h"
#include "tests/sim/checker.h"
#include "tests/sim/peers.h"
#include "tests/sim/scenario.h"
#include "tests/sim/services.h"
#include "tests/sim/upstreams.h"

namespace ringway::sim {

/// What a seed came to.
struct Outcome {
  std::optional<Violation> violation;
  std::size_t established = 0;
  std::uint64_t copied_bytes = 0;
  std::uint64_t spliced_bytes = 0;
  std::uint64_t turns = 0;
  std::array<std::uint64_t, proxy::kCauseCount> ended{};
};

/// One seed, played to its end: a Reactor over the simulated ring, its clients, its upstreams and its control plane.
class World final : private proxy::simulated::Actor {
 public:
  /// `ended` is emptied; it is the caller's because it is large.
  World(const Scenario& scenario, proxy::EndedLog& ended, bool traced);

  Outcome play();
  /// What happened, of the session that the violation is about, or of all; the last `limit` lines.
  [[nodiscard]] std::string trace(std::size_t limit) const;

 private:
  enum Happening : std::uint32_t { kClient, kSwitch, kCloseEndpoint, kDrain, kStop, kEndCheck };

  void act(std::uint32_t what, std::uint32_t subject) override;
  void plan_events();
  void connect_client();
  void run_posted();
  void run(std::uint32_t what);
  void stop();
  void check_end();
  void read_log();
  void check_leftovers();

  Scenario scenario_;
  Random random_;
  proxy::EndedLog& ended_;
  proxy::simulated::Trace trace_;
  proxy::simulated::Timeline timeline_;
  Upstreams upstreams_;
  proxy::simulated::Network network_;
  Checker checker_;
  proxy::simulated::SimulatedRing ring_;
  Peers peers_;
  Services services_;
  proxy::WorkerCounters counters_;
  proxy::SessionBudget budget_;
  std::unique_ptr<proxy::Reactor> reactor_;
  std::vector<std::uint32_t> posted_;
  std::uint32_t clients_ = 0;
  bool stopping_ = false;
  Time scarce_at_;  ///< when there last was no file or no place of the budget to be had
  Outcome outcome_;
};

}  // namespace ringway::sim
