#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "proxy/core/clock.h"
#include "proxy/core/session_id.h"
#include "proxy/core/session_info.h"

namespace ringway::proxy {

/// What the access log needs of an ended session. Pins `endpoint` (null where none was reached).
struct EndedSession {
  SessionId id;
  std::string told_id;  ///< of the client's PROXY header, moved here from the session; "" = none
  Time opened;
  SocketAddress client;
  SocketAddress virtual_ip;
  EndpointState* endpoint = nullptr;
  std::uint64_t bytes_upstream = 0;
  std::uint64_t bytes_downstream = 0;
  std::chrono::milliseconds age{0};
  std::chrono::microseconds connect_time{0};
  std::optional<std::chrono::microseconds> first_byte_time;
  std::uint32_t attempts = 0;
  Cause cause = Cause::kNone;
  std::string server_name;
};

/// A bounded queue from one worker to the control thread. What finds no room is dropped and counted by the caller:
/// a slow log must never slow a relay.
class EndedLog {
 public:
  static constexpr std::size_t kCapacity = 8192;

  /// The worker. False: full.
  bool push(EndedSession&& session) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == kCapacity) {
      return false;
    }
    entries_[head % kCapacity] = std::move(session);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  /// The control thread. Calls `take` for each, oldest first.
  template <typename Take>
  void drain(Take&& take) {
    const std::size_t head = head_.load(std::memory_order_acquire);
    for (std::size_t tail = tail_.load(std::memory_order_relaxed); tail != head; ++tail) {
      take(entries_[tail % kCapacity]);
      tail_.store(tail + 1, std::memory_order_release);
    }
  }

 private:
  std::unique_ptr<EndedSession[]> entries_ = std::make_unique<EndedSession[]>(kCapacity);
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace ringway::proxy
