#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/harness/await.h"
#include "tests/harness/fd.h"
#include "tests/harness/tcp_client.h"

namespace ringway::test {

/// How one connection of a load behaves.
struct LoadPace {
  std::size_t round_bytes = 4096;            ///< sent, and awaited back, in one round
  milliseconds think{20};                    ///< between two rounds
  milliseconds stall = scaled(seconds(15));  ///< no progress for so long is a failure
};

/// One connection of a Load: connects, reads the server's name, then rounds of random bytes that must come back as they
/// were sent, then FIN both ways.
class LoadConnection {
 public:
  enum class State : std::uint8_t { kIdle, kConnecting, kGreeting, kRound, kThinking, kClosing, kFinished, kFailed };

  LoadConnection(SocketAddress to, LoadPace pace, bool short_lived) : to_(to), pace_(pace), short_lived_(short_lived) {}

  /// Connects; the state is kConnecting or kFailed afterwards.
  void begin();
  /// Does all that the socket allows now.
  void advance();
  /// Lets time pass: begins the next round when it is due, ends what stalls. `stopping`: no further round.
  void tick(Clock::time_point now, bool stopping);
  /// Back to kIdle, at the earliest to begin again at `not_before`.
  void clear(Clock::time_point not_before);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] bool short_lived() const { return short_lived_; }
  [[nodiscard]] bool due(Clock::time_point now) const { return state_ == State::kIdle && now >= next_; }
  /// The server has said its whole name.
  [[nodiscard]] bool greeted() const { return goal_ > 0; }
  [[nodiscard]] const std::string& server() const { return server_; }
  /// What went wrong: "reset@server-1".
  [[nodiscard]] std::string failure() const { return server_.empty() ? failure_ : failure_ + "@" + server_; }
  /// Rounds and bytes since the last call.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> take_progress();

 private:
  void fail(std::string what);
  void fail_with(int errno_value);
  void start_round();
  void send_some();
  void receive_some();
  void take(std::string_view bytes);

  SocketAddress to_;
  LoadPace pace_;
  bool short_lived_;
  State state_ = State::kIdle;
  Fd fd_;
  std::string server_;
  std::string failure_;
  std::uint64_t seed_ = 0;
  std::uint64_t goal_ = 0;  ///< bytes to have sent and got back by the end of this round
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t rounds_ = 0;
  std::uint64_t bytes_ = 0;
  bool stopping_ = false;
  Clock::time_point next_{};
  Clock::time_point progress_{};
};

}  // namespace ringway::test
