#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/soak/ledger.h"
#include "proxy/core/address.h"
#include "tests/harness/fd.h"

namespace ringway::soak {

using proxy::SocketAddress;
using std::chrono::milliseconds;

/// What one connection does, to its end. The bytes are a stream that the other end can verify (PatternReader).
struct Script {
  std::string service;
  SocketAddress to;
  std::uint64_t seed = 0;
  std::uint32_t rounds = 1;  ///< each sends `round_bytes` and awaits them back
  std::uint64_t round_bytes = 64;
  milliseconds think{0};       ///< before each round and before the end
  std::uint64_t stall_at = 0;  ///< after so many received bytes it stops to read for `stall`; 0 = never
  milliseconds stall{0};
  std::uint64_t reset_at = 0;  ///< RST after so many sent bytes; 0 = never
  bool fin_at_once = false;    ///< FIN right behind the last byte sent, and not when all have come back
  bool upload = false;         ///< the server says its name and FIN, and takes a stream
};

/// One connection: connects, reads the server's name, follows its script, and checks every byte. One thread.
class Client {
 public:
  enum class State : std::uint8_t { kIdle, kConnecting, kGreeting, kRound, kThinking, kClosing, kFinished, kFailed };

  void begin(Script script);
  /// Does all that the socket allows now.
  void advance();
  /// Lets time pass. `hurry`: thinks and stalls no longer, and begins no further round.
  void tick(Clock::time_point now, bool hurry);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool over() const { return state_ == State::kFinished || state_ == State::kFailed; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const Failure& failure() const { return failure_; }
  [[nodiscard]] const Script& script() const { return script_; }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  /// Ended by our own RST.
  [[nodiscard]] bool reset_by_us() const { return reset_; }
  [[nodiscard]] const std::string& server() const { return failure_.server; }
  void clear();

 private:
  void fail(std::string what);
  void fail_with(int errno_value);
  void greeted();
  void think_or_close();
  void send_some();
  void receive_some();
  void take(std::string_view bytes);
  void take_fin();
  void close_sending();
  void reset();

  Script script_;
  State state_ = State::kIdle;
  test::Fd fd_;
  Failure failure_;
  std::uint64_t goal_ = 0;  ///< bytes to have sent by the end of this round
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint32_t rounds_done_ = 0;
  bool stalling_ = false;
  bool stalled_ = false;
  bool hurry_ = false;
  bool reset_ = false;
  bool server_fin_ = false;
  Clock::time_point next_{};
  Clock::time_point progress_{};
};

}  // namespace ringway::soak
