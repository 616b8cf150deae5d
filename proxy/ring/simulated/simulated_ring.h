#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "proxy/ring/ring.h"
#include "proxy/ring/simulated/buffers.h"
#include "proxy/ring/simulated/descriptors.h"
#include "proxy/ring/simulated/faults.h"
#include "proxy/ring/simulated/network.h"
#include "proxy/ring/simulated/observer.h"
#include "proxy/ring/simulated/random.h"
#include "proxy/ring/simulated/timeline.h"
#include "proxy/ring/simulated/trace.h"

namespace ringway::proxy::simulated {

struct RingLimits {
  std::uint32_t buffer_count = 1024;
  std::uint32_t buffer_bytes = 1024;
  std::uint32_t offered_buffers = 256;  ///< so many receives of one batch find a buffer
  std::uint32_t pipe_count = 16;
  std::uint32_t pipe_bytes = 4096;
  std::uint32_t files = 1U << 20;
  bool close_at_once = false;  ///< as epoll does; else with the next submission, as io_uring
};

/// The simulated maker of Ring: over `Network` in place of the kernel, with its clock in place of time, and with
/// faults. It holds its user to the rules of Ring and reports what breaks them.
///
/// An operation is asked for, starts with the next `run_once`, waits until it can be done, is done (bytes move, files
/// open), and is told. Each step may be late; a cancel meets an operation in any of them.
class SimulatedRing final : public Ring, public Actor, public EndWatcher, public ListenWatcher {
 public:
  SimulatedRing(Timeline& timeline, Network& network, Observer& observer, Trace& trace, const RingLimits& limits,
                const Faults& faults, std::uint64_t seed);

  /// A bound socket for `Listeners::add`.
  int bind(const SocketAddress& address);
  /// The wait under way ends, as by a worker's eventfd.
  void wake() { woken_ = true; }
  /// No fault from now on.
  void calm() { faults_ = {}; }

  [[nodiscard]] std::uint32_t open_files() const { return files_.open_count(); }
  [[nodiscard]] std::size_t operations_outstanding() const { return operations_.size() - free_operations_.size(); }
  [[nodiscard]] std::size_t buffers_held() const { return buffers_.held(); }
  /// When a receive last found no buffer, or waited for one.
  [[nodiscard]] Time short_of_buffers_at() const { return starved_.empty() ? short_of_buffers_at_ : timeline_.now(); }
  [[nodiscard]] const RingLimits& limits() const { return limits_; }
  [[nodiscard]] bool files_exhausted() const { return files_.open_count() >= limits_.files; }
  [[nodiscard]] std::size_t pipes_held() const { return pipes_taken_; }

  [[nodiscard]] Time now() const override { return now_; }
  [[nodiscard]] std::string_view name() const override { return "simulated"; }
  void accept(int fd, Token token, bool once) override;
  void connect(int fd, const SocketAddress& to, Token token) override;
  void receive(int fd, Token token, bool later) override;
  void send(int fd, std::span<const std::byte> bytes, Token token) override;
  void watch_readable(int fd, Token token) override;
  void await(int fd, Readiness what, Token token) override;
  bool take_pipe(Pipe& pipe) override;
  void return_pipe(Pipe& pipe) override;
  std::int32_t fill(Pipe& pipe, int fd, std::uint32_t limit) override;
  std::int32_t drain(Pipe& pipe, int fd) override;
  void cancel(int fd) override;
  void close(int fd) override;
  bool listen(int fd, const SocketAddress& address) override;
  void refuse(int fd) override;
  void silence(int fd, bool on) override;
  int accept_now(int fd) override;
  std::int32_t take_error(int fd) override;
  int open_stream(int family) override;
  /// Ranges are searched, so that the search is walked.
  [[nodiscard]] bool chooses_ports(std::uint16_t /*first*/, std::uint16_t /*last*/) const override { return false; }
  int bind(int fd, const NearEnd& near) override;
  std::int32_t send_now(int fd, std::span<const std::byte> bytes) override;
  void shutdown_send(int fd) override;
  void reset_on_close(int fd) override;
  [[nodiscard]] bool hung_up(int fd) const override;
  [[nodiscard]] SocketAddress peer(int fd) const override;
  [[nodiscard]] SocketAddress dialled(int fd) override;
  [[nodiscard]] std::size_t unsent_bytes(int fd) const override;
  [[nodiscard]] std::span<const std::byte> bytes(const Buffer& buffer) const override;
  void append(Buffer& to, Buffer& from) override;
  void release(Buffer& buffer) override;
  void run_once(Time deadline, CompletionHandler& handler) override;

 private:
  enum class Kind : std::uint8_t { kAccept, kConnect, kReceive, kSend, kWatch, kAwaitReadable, kAwaitWritable };
  enum class State : std::uint8_t { kAsked, kStarved, kWaiting, kStarting, kDone };
  struct Operation {
    Kind kind = Kind::kReceive;
    State state = State::kAsked;
    bool cancelled = false;
    bool once = false;  ///< of accept
    int fd = -1;
    EndId end = kNoEnd;
    Token token;
    std::span<const std::byte> bytes;
    std::uint32_t buffer = Buffer::kNone;  ///< out of which it sends
    Time told;                             ///< its last completion so far
  };
  struct Told {
    std::uint32_t operation;
    Completion completion;
  };
  struct Submission {
    enum class What : std::uint8_t { kStart, kCancel, kClose } what;
    std::uint32_t subject;
  };
  struct PipeState {
    std::vector<std::byte> bytes;
    std::size_t first = 0;
    int read_fd = -1;
    [[nodiscard]] std::uint32_t held() const { return static_cast<std::uint32_t>(bytes.size() - first); }
  };
  enum Happening : std::uint32_t { kDo, kTell };

  // simulated_ring.cc
  void act(std::uint32_t what, std::uint32_t subject) override;
  void wait(Time deadline);
  void hand_over(CompletionHandler& handler);
  void note_handed_over(const Operation& operation, const Completion& completion);
  void moved(EndId end);
  void note_turn(bool quiet);
  void violation(EndId end, std::string what) { observer_.on_violation(end, std::move(what)); }

  // operations.cc
  void changed(EndId end) override;
  void listener_changed(ListenerId listener) override;
  void ask(Kind kind, int fd, Token token, std::span<const std::byte> bytes = {});
  void submit();
  void start(std::uint32_t index);
  void start_starved();
  void cancel_operation(std::uint32_t index);
  void look(std::uint32_t index);
  [[nodiscard]] bool ready(const Operation& operation) const;
  void perform(std::uint32_t index);
  void perform_accept(std::uint32_t index);
  void perform_receive(std::uint32_t index);
  void perform_send(std::uint32_t index);
  void tell(std::uint32_t index, std::int32_t result, bool more = false, const Buffer& buffer = {});
  void sent(EndId end, std::span<const std::byte> bytes);

  // calls.cc
  Descriptor* stream(int fd, const char* what);
  Descriptor* listener(int fd);
  [[nodiscard]] EndId end_of(int fd) const;
  void close_now(int fd);
  PipeState* pipe_state(const Pipe& pipe, const char* what);

  Timeline& timeline_;
  Network& network_;
  Observer& observer_;
  Trace& trace_;
  RingLimits limits_;
  Faults faults_;
  Random random_;
  mutable Descriptors files_;
  Buffers buffers_;
  std::uint32_t offered_ = 0;
  std::vector<PipeState> pipes_;
  std::size_t pipes_taken_ = 0;
  std::vector<int> fd_of_end_;
  std::vector<int> fd_of_listener_;
  std::vector<Operation> operations_;
  std::vector<std::uint32_t> free_operations_;
  std::vector<Submission> submissions_;
  std::deque<std::uint32_t> starved_;
  std::vector<Told> told_;  ///< late ones, until their time
  std::vector<std::uint32_t> free_told_;
  std::vector<Told> due_;
  std::vector<Told> batch_;
  Time now_;
  Time short_of_buffers_at_;
  bool woken_ = false;
  std::uint64_t own_events_ = 0;
  std::uint32_t quiet_turns_ = 0;
};

}  // namespace ringway::proxy::simulated
