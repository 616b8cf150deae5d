#pragma once

#include <liburing.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ringway::bench {

enum class Operation : std::uint8_t { kAccept, kConnect, kReceive, kSend, kClose, kAlarm };

/// What a completion belongs to. `owner` tells apart the works that share one loop, `slot` the connections of a work.
struct Token {
  Operation operation;
  std::uint8_t owner = 0;
  std::uint32_t slot = 0;
};

struct Completion {
  Token token;
  int result;
  std::uint32_t flags;
};

/// One thread's io_uring, for programs whose only cost that matters is their own: completions come in batches, and what
/// a batch asks for goes to the kernel with the wait for the next one. Sockets must be blocking: io_uring then waits by
/// itself, where a non-blocking one would give EAGAIN back.
class Loop {
 public:
  /// Throws std::system_error where the kernel gives no ring.
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// MSG_WAITALL in `flags` makes the kernel go on until all bytes are there.
  void receive(int fd, void* buffer, std::size_t bytes, int flags, bool poll_first, Token token);
  /// Always whole: a result of less than `bytes` is the end of the connection.
  void send(int fd, const void* buffer, std::size_t bytes, Token token);
  void accept(int fd, Token token);
  /// An entry for what is not above; `flags` are IOSQE_….
  io_uring_sqe* next(Token token);
  /// Room for `count` entries that must go to the kernel together, as links must.
  void reserve(unsigned count);
  /// Completes once with Operation::kAlarm. One at a time: a timer of its own costs nothing while others complete.
  void alarm(std::chrono::nanoseconds after);

  /// Submits, waits for one completion and handles all that are there.
  template <typename Handler>
  void turn(Handler&& handle) {
    submit_and_wait();
    unsigned head = 0;
    unsigned seen = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      ++seen;
      handle(Completion{unpack(cqe->user_data), cqe->res, cqe->flags});
    }
    io_uring_cq_advance(&ring_, seen);
  }

 private:
  static std::uint64_t pack(Token token) {
    return std::uint64_t{std::to_underlying(token.operation)} << 40 | std::uint64_t{token.owner} << 32 | token.slot;
  }
  static Token unpack(std::uint64_t data) {
    return {static_cast<Operation>(data >> 40), static_cast<std::uint8_t>(data >> 32),
            static_cast<std::uint32_t>(data)};
  }
  void submit_and_wait();

  io_uring ring_{};
  __kernel_timespec alarm_{};
};

}  // namespace ringway::bench
