#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/core/error.h"
#include "proxy/core/session_budget.h"
#include "proxy/mailbox.h"
#include "proxy/relay/listeners.h"
#include "proxy/relay/session_table.h"
#include "proxy/ring/io_uring_ring.h"

namespace ringway::proxy {

/// One thread with one ring, its listeners, its sessions and the plan in force. All that other threads may do is to
/// `post`; what is posted runs between two batches of completions.
class Worker final : private CompletionHandler {
 public:
  struct Options {
    std::size_t index = 0;
    std::uint64_t seed = 0;
    bool access_log = false;
    RingOptions ring;
    std::function<void()> in_force;  ///< called on the worker's thread after each switch
  };

  /// What changes between two plans, for one worker.
  struct Switch {
    struct NewListener {
      int fd;
      SocketAddress address;
      std::uint32_t port_slot;
    };
    const Plan* plan = nullptr;
    std::vector<std::uint32_t> changed_slots;
    std::vector<NewListener> added;
    std::vector<std::pair<SocketAddress, std::uint32_t>> retargeted;
    std::vector<SocketAddress> removed;
  };

  /// Starts the thread and waits until its ring stands or is refused.
  static Result<std::unique_ptr<Worker>> start(Options options, SessionBudget& budget);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Any thread.
  void post(Mailbox<Worker>::Message message);
  /// Waits for the thread to leave its loop, after `stop` was posted. The control thread; idempotent.
  void join();
  [[nodiscard]] std::uint64_t version_in_force() const { return version_in_force_.load(std::memory_order_acquire); }
  [[nodiscard]] const WorkerCounters& counters() const { return counters_; }
  [[nodiscard]] std::string_view engine() const { return "io_uring"; }
  /// The control thread only. Null where the access log is off.
  [[nodiscard]] EndedLog* ended() { return ended_.get(); }

  // For messages, on the worker's thread.
  void switch_to(const Switch& change);
  [[nodiscard]] SessionTable& sessions() { return *sessions_; }
  /// Closes the listeners; `done` runs when the last session has ended.
  void drain(std::function<void()> done);
  /// Closes the sessions, for `kStopGrace` politely, and leaves the loop.
  void stop();

 private:
  Worker(Options options, SessionBudget& budget);
  void run(std::promise<Result<void>> started);
  void loop();
  void account(Time before_wait);
  void on_completion(const Completion& completion) override;
  void arm_wake();
  [[nodiscard]] Time next_deadline() const;
  void finish_drain();
  [[nodiscard]] bool stopped();

  Options options_;
  SessionBudget& budget_;
  int wake_fd_ = -1;
  Mailbox<Worker> mailbox_;
  WorkerCounters counters_;
  std::unique_ptr<EndedLog> ended_;
  std::atomic<std::uint64_t> version_in_force_{0};
  std::unique_ptr<Ring> ring_;
  std::unique_ptr<SessionTable> sessions_;
  std::unique_ptr<Listeners> listeners_;
  std::function<void()> drained_;
  bool stopping_ = false;
  bool aborted_ = false;
  Time stop_limit_;
  Time awake_since_;
  std::thread thread_;
};

}  // namespace ringway::proxy
