#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <thread>

#include "proxy/core/error.h"
#include "proxy/core/session_budget.h"
#include "proxy/mailbox.h"
#include "proxy/relay/reactor.h"
#include "proxy/ring/engine.h"

namespace ringway::proxy {

/// One thread that turns one Reactor. All that other threads may do is to `post`; what is posted runs between two
/// completions.
class Worker {
 public:
  struct Options {
    std::size_t index = 0;
    std::uint64_t seed = 0;
    bool access_log = false;
    Engine engine = Engine::kIoUring;
    RingOptions ring;
    std::function<void()> in_force;  ///< called on the worker's thread after each switch
  };

  /// Starts the thread and waits until its ring stands or is refused.
  static Result<std::unique_ptr<Worker>> start(Options options, SessionBudget& budget);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Any thread; `message` runs on the worker's.
  void post(Mailbox<Reactor>::Message message);
  /// Waits for the thread to leave its loop, after `stop` was posted. The control thread; idempotent.
  void join();
  [[nodiscard]] std::uint64_t version_in_force() const { return version_in_force_.load(std::memory_order_acquire); }
  [[nodiscard]] const WorkerCounters& counters() const { return counters_; }
  /// The control thread only. Null where the access log is off.
  [[nodiscard]] EndedLog* ended() { return ended_.get(); }

 private:
  Worker(Options options, SessionBudget& budget);
  void run(std::promise<Result<void>> started);
  void loop(Ring& ring, Reactor& reactor);

  Options options_;
  SessionBudget& budget_;
  int wake_fd_ = -1;
  Mailbox<Reactor> mailbox_;
  WorkerCounters counters_;
  std::unique_ptr<EndedLog> ended_;
  std::atomic<std::uint64_t> version_in_force_{0};
  std::thread thread_;
};

}  // namespace ringway::proxy
