#include "proxy/ring/epoll_ring.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <utility>
#include <vector>

#include "proxy/ring/system_ring.h"

namespace ringway::proxy {
namespace {

/// How often in one turn operations that completions asked for are tried before the kernel is asked for news again.
constexpr int kRounds = 3;
/// Connections taken from one listening socket in one round.
constexpr int kAccepts = 64;
constexpr int kEvents = 512;
constexpr std::int64_t kLongestWait_ms = 3'600'000;

enum class Kind : std::uint8_t { kNone, kAccept, kReceive, kWatch, kAwait, kConnect, kConnecting, kSend };

/// An operation on one way of an fd.
struct Pending {
  Kind kind = Kind::kNone;
  bool due = false;          ///< stands in the list of those to be tried
  bool once = false;         ///< of accept
  bool starved = false;      ///< stands in the list of those that wait for a buffer
  std::int32_t refusal = 0;  ///< of epoll to tell of the fd: -errno
  Token token;
  const std::byte* data = nullptr;
  std::size_t size = 0;
  SocketAddress to;
};

enum Way : std::uint8_t { kIn, kOut };

/// What epoll has told of an fd, edge by edge: true until a call has said otherwise.
struct Descriptor {
  std::array<Pending, 2> ways;
  std::array<bool, 2> ready{true, true};
  bool ended = false;  ///< FIN or an error is there, to be read after the data: no edge will tell of it again
  /// There is urgent data (tcp(7)): a read stops at its mark, and no edge will tell of what stands behind it.
  bool urgent = false;
  bool registered = false;
};

class EpollRing final : public SystemRing {
 public:
  EpollRing(const RingOptions& options, Counter& exhausted) : SystemRing(options, exhausted) {}
  EpollRing(const EpollRing&) = delete;
  EpollRing& operator=(const EpollRing&) = delete;
  ~EpollRing() override {
    if (epoll_fd_ >= 0) {
      ::close(epoll_fd_);
    }
  }

  Result<void> open(const RingOptions& options) {
    epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd_ < 0) {
      return std::unexpected(system_error(errno, "epoll_create1"));
    }
    return pool_.open(options.buffer_count, options.buffer_bytes);
  }

  [[nodiscard]] std::string_view name() const override { return "epoll"; }

  void accept(int fd, Token token, bool once) override {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    ask(fd, kIn, {.kind = Kind::kAccept, .once = once, .token = token}, true);
  }
  void connect(int fd, const SocketAddress& to, Token token) override {
    sockets::suit(fd, to);
    ask(fd, kOut, {.kind = Kind::kConnect, .token = token, .to = to}, true);
  }
  void receive(int fd, Token token, bool later) override {
    ask(fd, kIn, {.kind = Kind::kReceive, .token = token}, !later || at(fd).ready[kIn]);
  }
  void send(int fd, std::span<const std::byte> bytes, Token token) override {
    ask(fd, kOut, {.kind = Kind::kSend, .token = token, .data = bytes.data(), .size = bytes.size()}, true);
  }
  void watch_readable(int fd, Token token) override { ask(fd, kIn, {.kind = Kind::kWatch, .token = token}, false); }
  void await(int fd, Readiness what, Token token) override {
    const Way way = what == Readiness::kReadable ? kIn : kOut;
    ask(fd, way, {.kind = Kind::kAwait, .token = token}, at(fd).ready[way]);
  }

  std::int32_t fill(Pipe& pipe, int fd, std::uint32_t limit) override {
    const std::int32_t result = SystemRing::fill(pipe, fd, limit);
    Descriptor& descriptor = at(fd);
    descriptor.ready[kIn] = result != -EAGAIN || descriptor.ended;
    return result;
  }
  std::int32_t drain(Pipe& pipe, int fd) override {
    const std::int32_t result = SystemRing::drain(pipe, fd);
    at(fd).ready[kOut] = result != -EAGAIN;
    return result;
  }

  void cancel(int fd) override {
    for (Pending& pending : at(fd).ways) {
      if (pending.kind != Kind::kNone) {
        cancelled_.push_back(pending.token);
        pending = {};
      }
    }
  }

  void close(int fd) override {
    at(fd) = {};
    ::close(fd);
  }

  void run_once(Time deadline, CompletionHandler& handler) override {
    feed_starved();
    gather(wait(deadline));
    for (; !cancelled_.empty(); cancelled_.pop_front()) {
      handler.on_completion({.token = cancelled_.front(), .result = -ECANCELED, .buffer = {}});
    }
    for (int round = 0; round < kRounds && !due_.empty(); ++round) {
      trying_.swap(due_);
      for (const auto& [fd, way] : trying_) {
        attempt(fd, way, handler);
      }
      trying_.clear();
    }
  }

 private:
  Descriptor& at(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= descriptors_.size()) {
      descriptors_.resize(index + 1);
    }
    return descriptors_[index];
  }

  void ask(int fd, Way way, const Pending& pending, bool try_soon) {
    at(fd).ways[way] = pending;
    if (try_soon) {
      make_due(fd, way);
    } else {
      register_with_epoll(fd, way);
    }
  }

  /// As many as there are buffers for. One that is no longer starved has had its turn, or its fd is another's now.
  void feed_starved() {
    for (std::size_t buffers = pool_.size(); !starved_.empty() && buffers > 0; starved_.pop_front()) {
      if (std::exchange(at(starved_.front()).ways[kIn].starved, false)) {
        make_due(starved_.front(), kIn);
        --buffers;
      }
    }
  }

  void make_due(int fd, Way way) {
    Pending& pending = at(fd).ways[way];
    if (pending.kind != Kind::kNone && !std::exchange(pending.due, true)) {
      due_.emplace_back(fd, way);
    }
  }

  /// Late, so that what completes at once costs no call; the edge of what is ready already comes after the call.
  /// Where that is refused (the user's watches are used up, there is no memory) the operation ends with why.
  void register_with_epoll(int fd, Way way) {
    if (at(fd).registered) {
      return;
    }
    epoll_event event{.events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.fd = fd}};
    at(fd).registered = epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0;
    if (!at(fd).registered) {
      at(fd).ways[way].refusal = -errno;
      make_due(fd, way);
    }
  }

  int wait(Time deadline) {
    const bool nothing_to_do = cancelled_.empty() && due_.empty() && deadline > now_;
    const int count = nothing_to_do ? sleep(deadline) : look(0);
    now_ = std::chrono::steady_clock::now();
    return count;
  }

  int look(std::int64_t limit_ms) { return epoll_wait(epoll_fd_, events_.data(), kEvents, static_cast<int>(limit_ms)); }

  int sleep(Time deadline) {
    Time now = std::chrono::steady_clock::now();
    for (const Time until = std::min(deadline, now + busy_poll_); now < until; now = std::chrono::steady_clock::now()) {
      if (const int count = look(0); count > 0) {
        return count;
      }
    }
    int count = -1;
    do {
      const auto left = std::max(deadline - std::chrono::steady_clock::now(), Duration::zero());
      count = look(std::min<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), kLongestWait_ms));
    } while (count < 0 && errno == EINTR);
    return count;
  }

  void gather(int count) {
    for (int index = 0; index < count; ++index) {
      const epoll_event& event = events_[static_cast<std::size_t>(index)];
      Descriptor& descriptor = at(event.data.fd);
      if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        descriptor.ended = true;
      }
      descriptor.urgent = descriptor.urgent || (event.events & EPOLLPRI) != 0;
      if ((event.events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        descriptor.ready[kIn] = true;
        make_due(event.data.fd, kIn);
      }
      if ((event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
        descriptor.ready[kOut] = true;
        make_due(event.data.fd, kOut);
      }
    }
  }

  void attempt(int fd, Way way, CompletionHandler& handler) {
    Pending& pending = at(fd).ways[way];
    if (!std::exchange(pending.due, false)) {
      return;
    }
    if (pending.refusal != 0) {
      complete(fd, way, pending.refusal, handler);
      return;
    }
    switch (pending.kind) {
      case Kind::kNone:
        break;
      case Kind::kAccept:
        attempt_accept(fd, handler);
        break;
      case Kind::kReceive:
        attempt_receive(fd, handler);
        break;
      case Kind::kWatch:
        handler.on_completion({.token = pending.token, .more = true, .buffer = {}});
        break;
      case Kind::kAwait:
        complete(fd, way, 0, handler);
        break;
      case Kind::kConnect:
        attempt_connect(fd, handler);
        break;
      case Kind::kConnecting:
        complete(fd, way, sockets::take_error(fd), handler);
        break;
      case Kind::kSend:
        attempt_send(fd, handler);
        break;
    }
  }

  void complete(int fd, Way way, std::int32_t result, CompletionHandler& handler, const Buffer& buffer = {}) {
    const Token token = std::exchange(at(fd).ways[way], {}).token;
    handler.on_completion({.token = token, .result = result, .buffer = buffer});
  }

  /// Nothing to be had now: an edge will say when.
  void park(int fd, Way way) {
    at(fd).ready[way] = false;
    register_with_epoll(fd, way);
  }

  void attempt_accept(int fd, CompletionHandler& handler) {
    const Token token = at(fd).ways[kIn].token;
    for (int taken = 0; taken < kAccepts; ++taken) {
      const int client = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (client < 0 && errno == EAGAIN) {
        park(fd, kIn);
        return;
      }
      if (client < 0) {
        complete(fd, kIn, -errno, handler);
        return;
      }
      if (at(fd).ways[kIn].once) {
        complete(fd, kIn, client, handler);
        return;
      }
      handler.on_completion({.token = token, .result = client, .more = true, .buffer = {}});
      if (at(fd).ways[kIn].kind != Kind::kAccept) {
        return;
      }
    }
    make_due(fd, kIn);
  }

  void attempt_receive(int fd, CompletionHandler& handler) {
    if (pool_.empty()) {
      exhausted_.add();
      if (!std::exchange(at(fd).ways[kIn].starved, true)) {
        starved_.push_back(fd);
      }
      return;
    }
    Buffer buffer{.id = pool_.take()};
    const ssize_t received = recv(fd, pool_.at(buffer.id), pool_.buffer_bytes(), 0);
    const int error = errno;
    if (received <= 0) {
      pool_.release(buffer.id);
      if (received < 0 && error == EAGAIN) {
        at(fd).urgent = false;
        park(fd, kIn);
      } else {
        complete(fd, kIn, received < 0 ? -error : 0, handler);
      }
      return;
    }
    buffer.size = static_cast<std::uint32_t>(received);
    buffer.full = buffer.size == pool_.buffer_bytes();
    // A short read has emptied a stream socket (epoll(7)); what comes after it is a new edge.
    at(fd).ready[kIn] = buffer.full || at(fd).ended || at(fd).urgent;
    complete(fd, kIn, static_cast<std::int32_t>(received), handler, buffer);
  }

  void attempt_send(int fd, CompletionHandler& handler) {
    const Pending& pending = at(fd).ways[kOut];
    const ssize_t sent = ::send(fd, pending.data, pending.size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      park(fd, kOut);
      return;
    }
    complete(fd, kOut, sent < 0 ? -errno : static_cast<std::int32_t>(sent), handler);
  }

  void attempt_connect(int fd, CompletionHandler& handler) {
    Pending& pending = at(fd).ways[kOut];
    sockaddr_storage storage{};
    const socklen_t length = pending.to.fill(storage);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0) {
      complete(fd, kOut, 0, handler);
    } else if (errno == EINPROGRESS) {
      pending.kind = Kind::kConnecting;
      park(fd, kOut);
    } else {
      complete(fd, kOut, -errno, handler);
    }
  }

  int epoll_fd_ = -1;
  std::vector<Descriptor> descriptors_;  ///< by fd
  std::vector<std::pair<int, Way>> due_;
  std::vector<std::pair<int, Way>> trying_;
  std::deque<int> starved_;  ///< fds whose receive waits for a buffer
  std::deque<Token> cancelled_;
  std::array<epoll_event, kEvents> events_{};
};

}  // namespace

Result<std::unique_ptr<Ring>> make_epoll_ring(const RingOptions& options, Counter& exhausted) {
  auto ring = std::make_unique<EpollRing>(options, exhausted);
  if (auto opened = ring->open(options); !opened) {
    return std::unexpected(std::move(opened.error()));
  }
  return ring;
}

}  // namespace ringway::proxy
