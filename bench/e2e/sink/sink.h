#pragma once

#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/e2e/wire/loop.h"

namespace ringway::bench {

/// What a port does; the ports follow each other in this order.
enum class Role : std::uint8_t {
  kEcho,     ///< sends back what comes
  kSource,   ///< sends without end, and drops what comes
  kDiscard,  ///< drops what comes
  kControl,  ///< answers each byte with a Tally
};
inline constexpr std::size_t kRoles = 4;

/// What the sink has taken, at a moment of its own clock: two of them give a rate that no buffer between the ends can
/// falsify.
struct Tally {
  std::uint64_t time_ns;
  std::uint64_t received_bytes;
};

/// The server of a benchmark: one thread, one ring.
class Sink {
 public:
  explicit Sink(const sockaddr_in& first);
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  ~Sink();

  [[noreturn]] void run();

 private:
  struct Connection {
    int fd = -1;
    Role role = Role::kEcho;
    bool receiving = false;
    bool sending = false;
    bool ended = false;
    std::uint8_t filling = 0;    // which of the two buffers the receive goes to
    std::uint32_t waiting = 0;   // bytes in it that wait for the send of the other
    std::uint32_t promised = 0;  // bytes that the send in flight must report
  };

  void on(const Completion& completion);
  void open(int fd, Role role);
  void on_received(std::uint32_t slot, int result, bool more);
  void on_sent(std::uint32_t slot, int result);
  void receive(std::uint32_t slot, bool poll_first);
  void send(std::uint32_t slot, const std::byte* bytes, std::uint32_t count);
  /// Sends what waits, and receives into the other buffer with the same submission.
  void answer(std::uint32_t slot);
  void end(std::uint32_t slot);
  [[nodiscard]] std::byte* buffer(std::uint32_t slot, unsigned which) const;

  Loop loop_;
  std::array<int, kRoles> listeners_{};
  std::vector<Connection> connections_;
  std::vector<std::uint32_t> free_;
  std::byte* buffers_ = nullptr;
  std::vector<std::byte> endless_;
  std::vector<std::byte> dropped_;
  std::uint64_t received_bytes_ = 0;
};

}  // namespace ringway::bench
