#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/core/address.h"
#include "tests/harness/await.h"
#include "tests/harness/fd.h"
#include "tests/harness/pattern.h"

namespace ringway::test {

using proxy::SocketAddress;

/// How a connection answered.
enum class Ending : std::uint8_t { kOpen, kFin, kReset, kTimeout };

/// A TCP connection with blocking calls, each of which ends by `kPatience` at the latest. One thread.
class TcpClient {
 public:
  /// Connects; `error()` is 0 when that worked, else the errno (ETIMEDOUT when `limit` has passed). A receive buffer of
  /// `receive_buffer` bytes where that is not 0, and from the address `from` where one is given.
  explicit TcpClient(const SocketAddress& to, milliseconds limit = kPatience, int receive_buffer = 0,
                     const std::optional<proxy::IpAddress>& from = std::nullopt);

  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] bool connected() const { return error_ == 0; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// Our end, as the server side names it.
  [[nodiscard]] SocketAddress local() const;

  /// Sends all of `text`; false when the connection broke or did not take it in time.
  bool send(std::string_view text);
  /// Sends what the connection takes until it takes nothing for `quiet`; returns how much that was. At most `limit`.
  std::uint64_t send_until_blocked(milliseconds quiet, std::uint64_t limit);
  /// Exactly `bytes`, or less when the connection ended before (see `ending`).
  std::string receive(std::size_t bytes, milliseconds limit = kPatience);
  /// Everything until FIN, RST or the time limit (see `ending`).
  std::string receive_all(milliseconds limit = kPatience);
  /// How the last `receive` ended when it gave less than was asked for.
  [[nodiscard]] Ending ending() const { return ending_; }

  /// Says FIN; receiving goes on.
  void finish();
  /// Ends with RST at once.
  void reset();
  /// Ends as close(2) does.
  void close() { fd_.reset(); }

  struct Exchanged {
    bool sent_all = false;
    bool right = false;  ///< no byte received was wrong
    std::uint64_t received = 0;
    Ending ending = Ending::kOpen;
  };
  /// Sends a verified stream of `bytes` and FIN while it receives one until FIN, both at once.
  Exchanged exchange(std::uint64_t bytes, milliseconds limit = kPatience);

 private:
  bool wait_for(short events, Clock::time_point deadline) const;

  Fd fd_;
  int error_ = 0;
  bool was_reset_ = false;  ///< before the constructor ended
  Ending ending_ = Ending::kOpen;
};

}  // namespace ringway::test
