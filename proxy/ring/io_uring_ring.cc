#include "proxy/ring/io_uring_ring.h"

#include <liburing.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <deque>
#include <string>

#include "proxy/ring/buffer_offers.h"
#include "proxy/ring/system_ring.h"
#include "proxy/ring/write_waits.h"

namespace ringway::proxy {
namespace {

/// The user_data of operations whose completion tells nobody anything (cancel, close).
constexpr std::uint64_t kIgnored = ~std::uint64_t{0};
/// That of the poll on `write_waits_`.
constexpr std::uint64_t kWriteWaits = kIgnored - 1;

class IoUringRing final : public SystemRing {
 public:
  IoUringRing(const RingOptions& options, Counter& exhausted) : SystemRing(options, exhausted) {}
  IoUringRing(const IoUringRing&) = delete;
  IoUringRing& operator=(const IoUringRing&) = delete;
  ~IoUringRing() override {
    if (open_) {
      // Operations may still name buffers until the ring is gone, so the memory of the pool goes after it.
      offers_.close();
      io_uring_queue_exit(&ring_);
    }
  }

  Result<void> open(const RingOptions& options) {
    io_uring_params params{};
    // DEFER_TASKRUN: completions are made when this thread asks, not in the middle of its work (io_uring_setup(2)).
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN |
                   IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    params.cq_entries = options.completion_entries;
    if (const int result = io_uring_queue_init_params(options.submission_entries, &ring_, &params); result < 0) {
      return std::unexpected(refusal(-result));
    }
    open_ = true;
    io_uring_register_ring_fd(&ring_);
    auto ready = pool_.open(options.buffer_count, options.buffer_bytes);
    if (ready) {
      ready = offers_.open(ring_);
    }
    if (ready) {
      ready = write_waits_.open();
    }
    if (ready) {
      watch_write_waits();
    }
    return ready;
  }

  [[nodiscard]] std::string_view name() const override { return "io_uring"; }

  void accept(int fd, Token token, bool once) override {
    constexpr int kFlags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    io_uring_sqe* sqe = next(token.pack());
    if (once) {
      io_uring_prep_accept(sqe, fd, nullptr, nullptr, kFlags);
    } else {
      io_uring_prep_multishot_accept(sqe, fd, nullptr, nullptr, kFlags);
    }
  }

  void connect(int fd, const SocketAddress& to, Token token) override {
    // The kernel copies the address when the operation is submitted: until then it needs a place of its own.
    if (connects_unsubmitted_ == kConnectAddresses) {
      submit();
    }
    sockets::suit(fd, to);
    io_uring_sqe* sqe = next(token.pack());
    sockaddr_storage& storage = connect_addresses_[connects_unsubmitted_++];
    const socklen_t length = to.fill(storage);
    io_uring_prep_connect(sqe, fd, reinterpret_cast<const sockaddr*>(&storage), length);
  }

  void receive(int fd, Token token, bool later) override {
    if (offers_.exhausted()) {
      exhausted_.add();
      starved_.push_back({fd, token});
      return;
    }
    io_uring_sqe* sqe = next(token.pack());
    io_uring_prep_recv(sqe, fd, nullptr, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = BufferOffers::kGroup;
    sqe->ioprio = later ? IORING_RECVSEND_POLL_FIRST : 0;
  }

  void send(int fd, std::span<const std::byte> bytes, Token token) override {
    io_uring_prep_send(next(token.pack()), fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  void watch_readable(int fd, Token token) override { io_uring_prep_poll_multishot(next(token.pack()), fd, POLLIN); }

  void await(int fd, Readiness what, Token token) override {
    if (what == Readiness::kReadable) {
      io_uring_prep_poll_add(next(token.pack()), fd, POLLIN);
    } else if (const int result = write_waits_.arm(fd, token); result < 0) {
      ended_.push_back({token, result});
    }
  }

  void cancel(int fd) override {
    if (const auto waiting = write_waits_.disarm(fd)) {
      ended_.push_back({*waiting, -ECANCELED});
    }
    for (auto waiting = starved_.begin(); waiting != starved_.end();) {
      if (waiting->fd == fd) {
        ended_.push_back({waiting->token, -ECANCELED});
        waiting = starved_.erase(waiting);
      } else {
        ++waiting;
      }
    }
    io_uring_sqe* sqe = next(kIgnored);
    io_uring_prep_cancel_fd(sqe, fd, IORING_ASYNC_CANCEL_ALL);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  }

  void close(int fd) override {
    write_waits_.forget(fd);
    io_uring_sqe* sqe = next(kIgnored);
    io_uring_prep_close(sqe, fd);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  }

  void run_once(Time deadline, CompletionHandler& handler) override {
    rearm_starved();
    offers_.offer();
    wait(deadline);
    now_ = std::chrono::steady_clock::now();
    for (; !ended_.empty(); ended_.pop_front()) {
      handler.on_completion({.token = ended_.front().token, .result = ended_.front().result, .buffer = {}});
    }
    drain_completions(handler);
  }

 private:
  struct Waiting {
    int fd;
    Token token;
  };
  struct Ended {
    Token token;
    std::int32_t result;
  };
  static constexpr std::size_t kConnectAddresses = 256;

  static Error refusal(int errno_value) {
    Error error = system_error(errno_value, "io_uring_setup");
    if (errno_value == EPERM || errno_value == ENOSYS) {
      error.context +=
          ": io_uring is forbidden here: sysctl kernel.io_uring_disabled must be 0, and a container needs a seccomp "
          "profile that allows it, like docker/seccomp-io_uring.json";
    } else if (errno_value == EINVAL) {
      error.context += ": the kernel does not know the flags used here; Linux 6.1 or later is needed";
    }
    return error;
  }

  io_uring_sqe* next(std::uint64_t user_data) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    while (sqe == nullptr) {
      submit();
      sqe = io_uring_get_sqe(&ring_);
    }
    sqe->user_data = user_data;
    return sqe;
  }

  void watch_write_waits() { io_uring_prep_poll_multishot(next(kWriteWaits), write_waits_.fd(), POLLIN); }

  void submit() {
    offers_.offer();
    io_uring_submit(&ring_);
    connects_unsubmitted_ = 0;
  }

  void rearm_starved() {
    offers_.offer();
    for (std::size_t buffers = offers_.ready(); !starved_.empty() && buffers > 0; --buffers) {
      const Waiting waiting = starved_.front();
      starved_.pop_front();
      receive(waiting.fd, waiting.token, false);
    }
  }

  void wait(Time deadline) {
    connects_unsubmitted_ = 0;
    if (!ended_.empty() || deadline <= now_) {
      io_uring_submit_and_get_events(&ring_);
      return;
    }
    if (busy_poll_.count() > 0 && found_by_looking(deadline)) {
      return;
    }
    if (deadline == Time::max()) {
      io_uring_submit_and_wait(&ring_, 1);
      return;
    }
    const auto left = std::max(deadline - std::chrono::steady_clock::now(), Duration::zero());
    __kernel_timespec timeout{};
    timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
    timeout.tv_nsec = (left % std::chrono::seconds(1)).count();
    io_uring_cqe* first = nullptr;
    io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
  }

  bool found_by_looking(Time deadline) {
    Time now = std::chrono::steady_clock::now();
    for (const Time until = std::min(deadline, now + busy_poll_); now < until; now = std::chrono::steady_clock::now()) {
      io_uring_submit_and_get_events(&ring_);
      if (io_uring_cq_ready(&ring_) > 0) {
        return true;
      }
    }
    return false;
  }

  void drain_completions(CompletionHandler& handler) {
    io_uring_cqe* cqe = nullptr;
    while (io_uring_peek_cqe(&ring_, &cqe) == 0) {
      const std::uint64_t user_data = cqe->user_data;
      Completion completion{.token = Token::unpack(user_data),
                            .result = cqe->res,
                            .more = (cqe->flags & IORING_CQE_F_MORE) != 0,
                            .buffer = {}};
      if ((cqe->flags & IORING_CQE_F_BUFFER) != 0) {
        offers_.taken();
        const auto size = static_cast<std::uint32_t>(std::max(cqe->res, 0));
        completion.buffer = {cqe->flags >> IORING_CQE_BUFFER_SHIFT, size, size == pool_.buffer_bytes()};
        if (cqe->res <= 0) {
          release(completion.buffer);
        }
      }
      io_uring_cqe_seen(&ring_, cqe);
      if (user_data < kWriteWaits) {
        handler.on_completion(completion);
      } else if (user_data == kWriteWaits) {
        if (!completion.more) {
          watch_write_waits();
        }
        write_waits_.collect([&](Token token) { handler.on_completion({.token = token, .buffer = {}}); });
      }
    }
  }

  BufferOffers offers_{pool_};
  WriteWaits write_waits_;
  io_uring ring_{};
  bool open_ = false;
  std::array<sockaddr_storage, kConnectAddresses> connect_addresses_{};
  std::size_t connects_unsubmitted_ = 0;
  std::deque<Waiting> starved_;
  std::deque<Ended> ended_;  ///< without the kernel
};

}  // namespace

Result<std::unique_ptr<Ring>> make_io_uring_ring(const RingOptions& options, Counter& exhausted) {
  auto ring = std::make_unique<IoUringRing>(options, exhausted);
  if (auto opened = ring->open(options); !opened) {
    return std::unexpected(std::move(opened.error()));
  }
  return ring;
}

}  // namespace ringway::proxy
