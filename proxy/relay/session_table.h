#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "proxy/core/session_budget.h"
#include "proxy/relay/ended_log.h"
#include "proxy/relay/plan.h"
#include "proxy/relay/session.h"
#include "proxy/relay/timer_wheel.h"
#include "proxy/ring/ring.h"

namespace ringway::proxy {

/// The sessions of one worker: their slots, timers and completions. Memory grows by whole chunks up to the most
/// sessions there ever were at once and is used again from then on. One thread.
class SessionTable {
 public:
  /// What all sessions of a worker share, and where they find it.
  struct Shared {
    Ring& ring;
    WorkerCounters& counters;
    SessionBudget& budget;
    std::size_t worker = 0;
    std::uint64_t seed = 0;
    EndedLog* ended = nullptr;  ///< null: no access log
  };

  explicit SessionTable(const Shared& shared);

  /// In force for sessions that pick from now on. `plan` must stay until another one is in force.
  void set_plan(const Plan& plan) { plan_ = &plan; }
  [[nodiscard]] const Plan* plan() const { return plan_; }

  /// A client that `accept` gave, for the port in `port_slot`.
  void open(int client_fd, std::uint32_t port_slot, const SocketAddress& virtual_ip);
  void on_completion(const Completion& completion);
  void expire(Time now);
  [[nodiscard]] Time next_timer() const { return timers_.next(); }
  /// Moves what directions that splice have ready, one pipe each in turn, `kStreams_bytes` in all. Where sessions that
  /// copy had something to do since the last call: `kBesideMessages_bytes`, once `kMessagesFirst` of their completions
  /// have come, so that a worker which is busy with messages gives most of its time to these.
  void run_streams();
  /// Whether a session has found no file for its upstream since the last call.
  [[nodiscard]] bool take_out_of_files() { return std::exchange(out_of_files_, false); }
  [[nodiscard]] bool streams_wait() const { return !streams_.empty(); }

  /// Session::close of the sessions that are with `endpoint`, or of all where it is null.
  void close(const EndpointState* endpoint, Cause cause);
  /// Session::abort of the same.
  void abort(const EndpointState* endpoint, Cause cause);

  /// Whether the completions since the last `run_streams` brought messages.
  [[nodiscard]] bool messages_came() const { return messages_came_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Sets the flag of each of `virtual_ips`, which are in ascending order, that a session came in by. One look at each
  /// session, however many addresses there are.
  void mark_used(std::span<const IpAddress> virtual_ips, std::span<bool> used) const;
  void describe(std::size_t limit, std::vector<SessionInfo>& into) const;

 private:
  friend class Session;
  static constexpr std::uint32_t kChunk = 256;
  /// Two pipes' worth, so that the ring is asked for news between them; a quarter of a pipe where messages wait.
  static constexpr std::uint32_t kStreams_bytes = 524'288;
  static constexpr std::uint32_t kBesideMessages_bytes = 65'536;
  /// By measurement: bench/README.md, what was tried.
  static constexpr std::uint32_t kMessagesFirst = 32;

  [[nodiscard]] Session& at(std::uint32_t slot) { return chunks_[slot / kChunk][slot % kChunk]; }
  [[nodiscard]] const Session& at(std::uint32_t slot) const { return chunks_[slot / kChunk][slot % kChunk]; }
  struct Stream {
    std::uint32_t slot;
    std::uint32_t generation;
    Side source;
  };

  void freed(std::uint32_t slot);
  template <typename Do>
  void for_each(Do&& act);

  Shared shared_;
  const Plan* plan_ = nullptr;
  TimerWheel timers_;
  std::mt19937_64 random_;
  std::uint64_t run_;         ///< of the ids of all sessions here, see SessionId
  std::uint64_t opened_ = 0;  ///< sessions that there were
  std::vector<std::unique_ptr<Session[]>> chunks_;
  std::vector<std::uint32_t> free_slots_;
  std::deque<Stream> streams_;  ///< directions that splice and have something to do
  bool messages_came_ = false;
  std::uint32_t messages_ = 0;  ///< completions of sessions that copy, since streams last had their turn
  bool out_of_files_ = false;
  std::size_t size_ = 0;
};

}  // namespace ringway::proxy
