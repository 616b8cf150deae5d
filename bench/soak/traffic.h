#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/soak/client.h"
#include "bench/soak/kinds.h"
#include "bench/soak/verdict.h"

namespace ringway::soak {

/// What the connections of one kind came to.
struct Tally {
  std::uint64_t begun = 0;
  std::uint64_t finished = 0;  ///< to the end of their script, every byte right
  std::uint64_t reset = 0;     ///< of those, by our own RST
  std::uint64_t excused = 0;   ///< broken by something that the schedule did
  std::uint64_t lost = 0;      ///< broken by nothing that we did
  std::uint64_t bytes = 0;     ///< checked
};

struct TrafficReport {
  std::array<Tally, kKinds> kinds;
  std::map<std::string, std::uint64_t> excuses;  ///< by fault
  std::map<std::string, std::uint64_t> uploads;  ///< finished ones, by server
  void add(const TrafficReport& other);
};

/// All kinds of work at once, each connection followed by the next, on one thread. What fails is looked up in the
/// ledger, and told to the verdict where that does not explain it.
class Traffic {
 public:
  Traffic(std::vector<Target> targets, std::uint64_t seed, const Ledger& ledger, Verdict& verdict);
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;
  ~Traffic();

  /// The flood dials until this is called with false.
  void flood(bool on) { flooding_ = on; }
  /// Lets every connection end its round and close, and reports.
  TrafficReport stop();

 private:
  struct Actor {
    Kind kind;
    Random random;
    Client client;
    Clock::time_point next{};
  };

  void work();
  void look_at_clocks();
  void begin(std::size_t index);
  void settle(std::size_t index);

  std::vector<Target> targets_;
  const Ledger& ledger_;
  Verdict& verdict_;
  test::Fd epoll_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::size_t open_ = 0;
  TrafficReport report_;
  std::atomic<bool> flooding_{false};
  std::atomic<bool> stopping_{false};
  std::jthread thread_;
};

}  // namespace ringway::soak
