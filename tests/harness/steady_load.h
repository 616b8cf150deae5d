#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/harness/tcp_client.h"

namespace ringway::test {

struct SteadyOptions {
  SocketAddress to;         ///< a Service whose servers say "RELEASE NAME" and a line feed first, then echo
  std::size_t threads = 8;  ///< each has one connection at a time
  milliseconds pause{2};    ///< of a thread between two connections
};

/// A connection that did not do what it should.
struct SteadyFailure {
  std::string step;                             ///< "connect", "greeting", "echo" or "end"
  int error = 0;                                ///< an errno; 0 = the other side said FIN early
  std::string server;                           ///< "" where it failed before the greeting
  std::chrono::system_clock::time_point began;  ///< its connect

  [[nodiscard]] std::string text() const;
};

struct SteadyReport {
  std::uint64_t finished = 0;                                          ///< greeted, echoed, and FIN after FIN
  std::map<std::string, std::uint64_t> by_server;                      ///< greetings
  std::map<std::string, std::uint64_t> by_release;                     ///< greetings
  std::map<std::string, std::chrono::system_clock::time_point> first;  ///< when a server greeted for the first time
};

/// Short connections through a virtual IP, one after another in each of several threads: what a client of a Service
/// sees of it.
class SteadyLoad {
 public:
  explicit SteadyLoad(SteadyOptions options);
  SteadyLoad(const SteadyLoad&) = delete;
  SteadyLoad& operator=(const SteadyLoad&) = delete;
  /// Lets each connection end.
  ~SteadyLoad();

  [[nodiscard]] SteadyReport report() const;
  /// The failures since the last call.
  [[nodiscard]] std::vector<SteadyFailure> take_failures();
  /// Waits until every connection that had begun before the call has ended, so that what is taken next began after it.
  [[nodiscard]] bool settle();

 private:
  void work(std::size_t thread);
  void connect_once();
  void fail(SteadyFailure failure);

  SteadyOptions options_;
  mutable std::mutex mutex_;
  SteadyReport report_;                            ///< under `mutex_`
  std::vector<SteadyFailure> failures_;            ///< under `mutex_`
  std::vector<std::atomic<std::uint64_t>> turns_;  ///< connections ended, by thread
  std::atomic<bool> stopping_{false};
  std::vector<std::jthread> threads_;
};

/// What a server says first, taken apart.
struct Greeting {
  std::string release;
  std::string server;
};
/// Reads it; both are "" where the connection ended before the line feed (see `TcpClient::ending`).
Greeting read_greeting(TcpClient& client);

/// For a test's message: how often each failure happened, "3 × greeting: Connection reset by peer".
std::string summary(const std::vector<SteadyFailure>& failures);

}  // namespace ringway::test
