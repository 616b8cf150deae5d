#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/harness/load_connection.h"

namespace ringway::test {

struct LoadOptions {
  SocketAddress to;             ///< a Service whose servers are Mode::kGreet
  std::size_t long_lived = 0;   ///< connections that go on until the end
  std::size_t short_lived = 0;  ///< connections that end after one round, each followed by a new one
  LoadPace pace;
  std::uint64_t limit = 0;  ///< short ones begun in total, 0 = until `stop`
};

/// What a load came to. `failures` by kind, with the server where it was known: "reset@server-1", "refused".
struct LoadReport {
  std::uint64_t finished = 0;  ///< connections that ended as they should: FIN after FIN, every byte right
  std::uint64_t rounds = 0;
  std::uint64_t bytes = 0;                                   ///< verified, counted once
  std::map<std::string, std::uint64_t> connections;          ///< begun, by server
  std::map<std::string, Clock::time_point> last_connection;  ///< when a server last greeted a new one
  std::map<std::string, std::uint64_t> failures;

  /// For a test's message: the failures, one line.
  [[nodiscard]] std::string failures_text() const;
};

/// Connections that send random bytes to servers that send them back, and verify every byte. One thread for all of
/// them.
class Load {
 public:
  explicit Load(LoadOptions options);
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load();

  /// What it came to so far.
  [[nodiscard]] LoadReport report() const;
  /// Connections that a server has greeted and that have not ended.
  [[nodiscard]] std::size_t established() const { return established_; }
  /// Lets each connection end its round and say FIN, waits for all, and reports.
  LoadReport stop();
  /// Waits until `limit` short connections have ended, then stops.
  LoadReport finish(milliseconds limit);

 private:
  void work();
  void begin(std::size_t index);
  void advance(std::size_t index);
  void settle(std::size_t index);
  void look_at_clocks();

  LoadOptions options_;
  Fd epoll_;
  std::vector<LoadConnection> connections_;
  std::uint64_t begun_ = 0;
  std::size_t idle_ = 0;
  mutable std::mutex mutex_;
  LoadReport report_;  ///< under `mutex_`
  std::atomic<std::size_t> established_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> done_{false};
  std::jthread thread_;
};

}  // namespace ringway::test
