#pragma once

#include <array>
#include <functional>
#include <string_view>
#include <vector>

#include "bench/soak/ledger.h"
#include "bench/soak/random.h"
#include "bench/soak/scene.h"
#include "bench/soak/traffic.h"

namespace ringway::soak {

/// What the schedule does to the scene.
enum class Act : std::uint8_t {
  kKill,      ///< a server dies, and comes back at its address
  kTake,      ///< an endpoint leaves the configuration and its sessions stay; it comes back
  kDrain,     ///< the same, and its sessions are closed after 2 s
  kEmpty,     ///< a Service has no endpoint for a while
  kChange,    ///< another balancer; a Service appears or goes
  kMistake,   ///< a wrong configuration, then a right one
  kFilesOut,  ///< the daemon may open no file for a while; meanwhile a server may die or the configuration change
  kFlood,     ///< more connections than its files allow
  kCount,
};

inline constexpr std::size_t kActs = static_cast<std::size_t>(Act::kCount);
inline constexpr std::array<std::string_view, kActs> kActNames = {
    "server killed", "endpoint taken", "endpoint drained", "Service emptied",
    "reload",        "wrong config",   "files out",        "flood"};

/// Carries out a schedule that follows from the seed: the same acts with the same parameters in the same order. One
/// whose place is still unwell from an act before is left out.
class Director {
 public:
  Director(Scene& scene, Ledger& ledger, Verdict& verdict, std::uint64_t seed, bool verbose);

  void run(std::chrono::milliseconds time, Traffic& traffic);
  /// Undoes what is still to be undone, so that the scene is as at its beginning.
  void finish();

  [[nodiscard]] const std::array<std::uint64_t, kActs>& done() const { return done_; }

 private:
  struct Undo {
    Clock::time_point at;
    std::function<void()> act;
  };

  void pause(std::chrono::milliseconds time);
  void undo_due();
  /// Each draws all its parameters before it looks at the scene. False where it was left out.
  bool act(Act what, Traffic& traffic);
  bool kill();
  bool take();
  bool drain();
  bool empty();
  bool change();
  bool mistake();
  bool files_out();
  bool flood(Traffic& traffic);
  void kill(SoakService& service, Place& place, std::chrono::milliseconds gone);
  void say(const std::string& what) const;
  [[nodiscard]] Arrival draw_arrival();

  Scene& scene_;
  Ledger& ledger_;
  Verdict& verdict_;
  Random random_;
  bool verbose_;
  Clock::time_point start_ = Clock::now();
  std::vector<Undo> undo_;
  std::array<std::uint64_t, kActs> done_{};
};

}  // namespace ringway::soak
