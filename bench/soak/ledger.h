#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "tests/harness/await.h"

namespace ringway::soak {

using test::Clock;

/// A connection that did not end as it should.
struct Failure {
  std::string service;
  std::string server;  ///< who greeted it, "" before that
  std::string what;    ///< "reset", "refused", "early FIN", "wrong byte", "stalled in …"
  Clock::time_point begun;
  Clock::time_point failed;
};

/// Something that we did and that may break connections.
struct Fault {
  enum class Kind : std::uint8_t {
    kKilled,      ///< the server went: RST for its own sessions, and for those in its backlog meanwhile
    kFilesOut,    ///< no upstream socket is to be had: RST for those that had reached no endpoint yet
    kNoEndpoint,  ///< the Service has none: refused
    kDrained,     ///< `drain.timeout` of a removed endpoint has passed: its old sessions are closed
  };
  Kind kind = Kind::kKilled;
  std::string service;
  std::string server;
  Clock::time_point begin;
  Clock::time_point end = Clock::time_point::max();
};

/// What we did and when, so that a failure is either ours or a broken promise. Any thread.
class Ledger {
 public:
  /// Returns its number for `end`.
  std::size_t begin(Fault fault);
  void end(std::size_t number);
  /// The fault that explains it: "killed"; "" where nothing does.
  [[nodiscard]] std::string excuse(const Failure& failure) const;

 private:
  mutable std::mutex mutex_;
  std::vector<Fault> faults_;
};

}  // namespace ringway::soak
