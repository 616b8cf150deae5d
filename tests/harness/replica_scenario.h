#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/harness/daemon.h"
#include "tests/harness/places.h"
#include "tests/harness/replicas.h"
#include "tests/harness/steady_load.h"

namespace ringway::test {

struct ScenarioOptions {
  std::string discovery;  ///< `spec.discovery` in flow style
  /// The engine tells of a stop when it begins (Docker), not only when the container has ended (CRI).
  bool tells_of_stops = false;
};

/// What a controller does to replicas under steady load, and what clients may see of it: nothing. The same for every
/// engine; failures are those of the test that calls.
class ReplicaScenario {
 public:
  ReplicaScenario(ReplicaEngine& engine, ScenarioOptions options);

  /// 5 → 10 → 20 → 10 → 0 → 5.
  void scale();
  /// Replaces all of one release by the next, some at a time: new ones answer before old ones are stopped.
  void roll();

 private:
  void begin(std::size_t count);
  /// Adds, waits until each new one has been reached, and prints how soon that was.
  void grow(std::size_t count, const std::string& release);
  /// Removes while sessions of each are open.
  void shrink(const std::vector<std::string>& names);
  void shrink_to_none();
  void expect_refused_at_once();
  /// From none: who comes before the first has answered fails, and nobody who comes later.
  void expect_failures_only_before_the_first();
  void expect_no_failures(const std::string& step);
  void print_delays(const std::vector<std::string>& names);

  /// Connections that stay, at least one with each of `names`.
  [[nodiscard]] std::map<std::string, std::unique_ptr<TcpClient>> hold(const std::vector<std::string>& names) const;
  void expect_alive(const std::map<std::string, std::unique_ptr<TcpClient>>& sessions) const;
  void finish(std::map<std::string, std::unique_ptr<TcpClient>>& sessions) const;

  /// By workload, what `ringway get endpoints` says.
  [[nodiscard]] std::map<std::string, std::string> states() const;
  [[nodiscard]] std::size_t usable() const;
  /// When the daemon said last that an endpoint takes sessions, by workload, by the wall clock.
  [[nodiscard]] std::map<std::string, std::int64_t> told_ms() const;

  ReplicaEngine& engine_;
  ScenarioOptions options_;
  SocketAddress vip_ = next_vip();
  Replicas replicas_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<SteadyLoad> load_;
};

}  // namespace ringway::test
