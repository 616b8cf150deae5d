#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "proxy/core/address.h"
#include "proxy/ring/simulated/trace.h"
#include "proxy/ring/token.h"

namespace ringway::proxy::simulated {

/// Who watches what the data plane does with its ring, and may act between two completions as a worker's mailbox does.
class Observer {
 public:
  virtual ~Observer() = default;

  /// A client's connection is handed over.
  virtual void on_accepted(EndId end) = 0;
  virtual void on_connect(EndId end, const SocketAddress& to, Token token) = 0;
  /// The data plane was told that the upstream accepted, though it may have sent RST since.
  virtual void on_connected(EndId end) = 0;
  /// Something else was asked for `end`.
  virtual void on_asked(EndId end, Token token) = 0;
  /// The data plane was told that bytes were received from `end`, or sent or drained to it.
  virtual void on_moved(EndId end) = 0;
  /// The kernel took `bytes` for `end`; they follow the `position` bytes before them.
  virtual void on_sent(EndId end, std::uint64_t position, std::span<const std::byte> bytes) = 0;
  /// The data plane asks who the other one is, as it does first of all when it makes a session; the connect that
  /// follows is its own.
  virtual void on_asked_peer(EndId end) = 0;
  /// Bytes of the data plane's own are sent, before any others.
  virtual void on_preface(EndId end, std::span<const std::byte> bytes) = 0;
  /// Before FIN is written, and before the fd is closed.
  virtual void on_shut_send(EndId end) = 0;
  virtual void on_close(EndId end) = 0;
  virtual void between_completions() = 0;
  /// The data plane broke a rule of Ring. `end` may be kNoEnd.
  virtual void on_violation(EndId end, std::string what) = 0;
};

}  // namespace ringway::proxy::simulated
