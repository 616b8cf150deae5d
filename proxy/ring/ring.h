#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/core/address.h"
#include "proxy/core/clock.h"
#include "proxy/core/source.h"
#include "proxy/ring/token.h"

namespace ringway::proxy {

/// A buffer out of the ring's pool. Whoever was given one gives it back with `Ring::release`.
struct Buffer {
  static constexpr std::uint32_t kNone = 0xffffffff;
  std::uint32_t id = kNone;
  std::uint32_t size = 0;  ///< bytes received into it
  bool full = false;       ///< as many as fit, so more may be waiting

  [[nodiscard]] bool empty() const { return id == kNone; }
};

/// A pipe out of the ring's pool: where data rests between the two halves of a splice.
struct Pipe {
  std::int32_t read_fd = -1;
  std::int32_t write_fd = -1;
  std::uint32_t held = 0;      ///< bytes in it
  std::uint32_t capacity = 0;  ///< bytes that it takes

  [[nodiscard]] bool none() const { return read_fd < 0; }
};

/// What `Ring::fill` says where only a receive goes on: at the mark of urgent data (tcp(7), MSG_OOB), before which
/// splice(2) stops and of which it says EAGAIN or the end, while poll(2) says that there is something to read.
inline constexpr std::int32_t kAtUrgentMark = -ESPIPE;

enum class Readiness : std::uint8_t { kReadable, kWritable };

struct Completion {
  Token token;
  std::int32_t result = 0;  ///< what the system call would return, or -errno
  bool more = false;        ///< the operation goes on and will complete again; false after one that was asked for once
  Buffer buffer;            ///< of a receive with `result` > 0
};

/// Takes completions. Called from within `Ring::run_once`, and free to ask for further operations there.
class CompletionHandler {
 public:
  virtual ~CompletionHandler() = default;
  virtual void on_completion(const Completion& completion) = 0;
};

/// Submission and completion: the only way in which the data plane touches the kernel. One thread makes, uses and
/// destroys a ring.
///
/// Every operation that takes a token completes exactly once with `more == false`, whatever happens, also after
/// `cancel`; an fd is closed only when none of its operations is outstanding. Operations asked for between two calls of
/// `run_once` reach the kernel together.
class Ring {
 public:
  virtual ~Ring() = default;

  /// The time when the last wait ended: steady within one batch of completions.
  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// Accepts on a listening socket until cancelled or an error ends it, or `once`; each result is a new fd
  /// (close-on-exec). Any completion without `more` (-EMFILE, -ECANCELED, …) means that it must be asked for again.
  virtual void accept(int fd, Token token, bool once) = 0;
  virtual void connect(int fd, const SocketAddress& to, Token token) = 0;
  /// Receives once into a buffer of the pool, taken only when there is data. 0 = FIN. `later` says that data is not
  /// expected to be there yet. -ENOBUFS: the pool ran empty in this batch, ask again; that waits for a buffer.
  virtual void receive(int fd, Token token, bool later) = 0;
  /// Sends once; the result may be short, or -EAGAIN where there is no room: `await` that. `bytes` must stay until the
  /// completion. Raises no SIGPIPE.
  virtual void send(int fd, std::span<const std::byte> bytes, Token token) = 0;
  /// Completes with `more` each time `fd` becomes readable.
  virtual void watch_readable(int fd, Token token) = 0;
  /// Completes once, with 0, when `fd` is readable (data, FIN) or writable, or has failed: the next call tells. It may
  /// complete without cause, and with -errno where the kernel has no memory or no watches left (epoll_ctl(2)). At most
  /// one `await` or `receive`, and one `await` or `send`, for each way of an fd.
  virtual void await(int fd, Readiness what, Token token) = 0;

  /// Takes an empty pipe; false where none is left. Given back with `return_pipe`, also with data in it (which is
  /// lost).
  virtual bool take_pipe(Pipe& pipe) = 0;
  virtual void return_pipe(Pipe& pipe) = 0;
  /// Moves what `fd` has received into an empty pipe without copying it, at once (splice(2)), `limit` bytes at the
  /// most. Bytes moved, 0 = FIN, -EAGAIN = nothing there, kAtUrgentMark, or -errno.
  virtual std::int32_t fill(Pipe& pipe, int fd, std::uint32_t limit) = 0;
  /// Moves what the pipe holds to `fd`, at once. Bytes moved (may be short), -EAGAIN = no room, or -errno. Raises no
  /// SIGPIPE where the thread blocks it, as workers do.
  virtual std::int32_t drain(Pipe& pipe, int fd) = 0;

  /// Asks every operation on `fd` to end. Each still completes: -ECANCELED, or what it came to before.
  virtual void cancel(int fd) = 0;
  virtual void close(int fd) = 0;

  /// Starts, or starts again after `refuse`, to queue connections for `accept`; `fd` is bound to `address`.
  virtual bool listen(int fd, const SocketAddress& address) = 0;
  /// Stops listening while the address stays bound: clients see ECONNREFUSED at once.
  virtual void refuse(int fd) = 0;
  /// While on, whoever connects to a listening socket gets no answer, and neither does who has not finished to.
  virtual void silence(int fd, bool on) = 0;
  /// A connection that stands in the backlog, or -1. Never waits.
  virtual int accept_now(int fd) = 0;
  /// The error that a socket holds (SO_ERROR), which it forgets then: 0 or -errno.
  virtual std::int32_t take_error(int fd) = 0;
  /// A new TCP socket for an upstream, with TCP_NODELAY and keepalive; or -errno.
  virtual int open_stream(int family) = 0;
  /// Whether the kernel itself finds a free port of a range when it connects. Where not, the range is searched by
  /// `bind`, port by port.
  [[nodiscard]] virtual bool chooses_ports(std::uint16_t first, std::uint16_t last) const = 0;
  /// Before `connect`. 0 or -errno: EADDRINUSE, EADDRNOTAVAIL (no address of this host), EPERM.
  virtual int bind(int fd, const NearEnd& near) = 0;
  /// Sends at once: bytes taken (may be fewer), or -errno. Raises no SIGPIPE. No `send` is outstanding.
  virtual std::int32_t send_now(int fd, std::span<const std::byte> bytes) = 0;
  virtual void shutdown_send(int fd) = 0;
  /// From now on `close` sends RST and drops what is unsent.
  virtual void reset_on_close(int fd) = 0;
  /// Whether the socket has failed or is closed both ways (POLLERR, POLLHUP). Asked and not waited for: a poll by
  /// io_uring also ends at POLLRDHUP, which a socket that has received FIN shows all the time.
  [[nodiscard]] virtual bool hung_up(int fd) const = 0;
  /// Who is at the other end of a connected socket; 0.0.0.0:0 where it has gone already.
  [[nodiscard]] virtual SocketAddress peer(int fd) const = 0;
  /// The address that the client of an accepted socket dialled; where its listening socket stands for many, `listen`
  /// could not do what suits it, and this does.
  [[nodiscard]] virtual SocketAddress dialled(int fd) = 0;
  /// Bytes that the peer has not acknowledged yet.
  [[nodiscard]] virtual std::size_t unsent_bytes(int fd) const = 0;

  [[nodiscard]] virtual std::span<const std::byte> bytes(const Buffer& buffer) const = 0;
  /// Moves the bytes of `from` behind those of `to`, as far as there is room, and releases it where it is empty then.
  virtual void append(Buffer& to, Buffer& from) = 0;
  virtual void release(Buffer& buffer) = 0;

  /// Submits what was asked for, waits until at least one completion or `deadline`, and hands over all completions.
  virtual void run_once(Time deadline, CompletionHandler& handler) = 0;
};

}  // namespace ringway::proxy
