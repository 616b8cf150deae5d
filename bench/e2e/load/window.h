#pragma once

#include <sys/types.h>

#include <ctime>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "bench/e2e/sink/sink.h"

namespace ringway::bench {

/// A process whose CPU time is told beside the figures.
struct Watched {
  std::string name;
  clockid_t clock;
};

/// `NAME=PID`; throws std::invalid_argument. The clock of a process has nanoseconds, where /proc counts in ticks of 10
/// ms; it includes threads that have ended.
Watched watch(const std::string& text);

/// What stands outside of the load's own counters, at one moment.
struct Moment {
  std::uint64_t time_ns = 0;
  std::vector<double> cpu_s;  // one for each watched process, then that of this one
  double machine_s = 0;       // that of everything on this machine, the hypervisor's share included
  Tally tally{};
};

/// The two ends of the time that is measured.
class Window {
 public:
  /// `control` is a connection to the sink's port of that name, past any proxy, or -1.
  Window(std::vector<Watched> watched, int control) : watched_(std::move(watched)), control_(control) {}

  void begin() { begin_ = look(); }
  void end() { end_ = look(); }
  [[nodiscard]] double seconds() const { return static_cast<double>(end_.time_ns - begin_.time_ns) / 1e9; }
  /// seconds, cpu_s by name, how many CPUs something else kept busy (other_cpus), and what the sink received.
  [[nodiscard]] nlohmann::json report() const;

 private:
  [[nodiscard]] Moment look() const;

  std::vector<Watched> watched_;
  int control_;
  Moment begin_;
  Moment end_;
};

}  // namespace ringway::bench
