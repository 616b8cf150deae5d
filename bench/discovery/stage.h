#pragma once

#include <cstdint>
#include <memory>

#include "bench/discovery/deaf.h"
#include "discovery/reconciler.h"
#include "proxy/data_plane.h"

namespace ringway::bench {

/// CPU time of all threads of this process.
[[nodiscard]] double cpu_us();
/// What this process has allocated and not freed.
[[nodiscard]] std::size_t allocated_bytes();

/// A Reconciler and the workers that run what it builds. The calling thread is the control thread.
class Stage {
 public:
  explicit Stage(std::uint32_t workers);

  [[nodiscard]] discovery::Reconciler& reconciler() { return reconciler_; }
  [[nodiscard]] proxy::DataPlane& data_plane() { return *data_plane_; }
  [[nodiscard]] const proxy::Clock& clock() const { return clock_; }

  /// Puts a configuration in force, with nobody behind its Services.
  void configure(std::shared_ptr<const config::Configuration> configuration);
  /// Builds and publishes what has changed; does not wait for workers.
  void publish();
  /// Waits until every worker runs it.
  void await_in_force() const;
  /// The longest that a worker took from one wait to the next since the last call, in microseconds.
  [[nodiscard]] double longest_turn_us() const;

 private:
  proxy::SteadyClock clock_;
  NoHealth checker_;
  Deaf output_;
  std::unique_ptr<proxy::DataPlane> data_plane_;
  discovery::Reconciler reconciler_;
  std::uint64_t version_ = 0;
};

}  // namespace ringway::bench
