#include "bench/e2e/wire/loop.h"

#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace ringway::bench {
namespace {

constexpr unsigned kSubmissionEntries = 4096;
constexpr unsigned kCompletionEntries = 32768;

}  // namespace

Loop::Loop() {
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN |
                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
  params.cq_entries = kCompletionEntries;
  if (const int result = io_uring_queue_init_params(kSubmissionEntries, &ring_, &params); result < 0) {
    throw std::system_error(-result, std::generic_category(), "io_uring_setup");
  }
  io_uring_register_ring_fd(&ring_);
}

Loop::~Loop() {
  io_uring_queue_exit(&ring_);
}

void Loop::receive(int fd, void* buffer, std::size_t bytes, int flags, bool poll_first, Token token) {
  io_uring_sqe* sqe = next(token);
  io_uring_prep_recv(sqe, fd, buffer, bytes, flags);
  sqe->ioprio = poll_first ? IORING_RECVSEND_POLL_FIRST : 0;
}

void Loop::send(int fd, const void* buffer, std::size_t bytes, Token token) {
  io_uring_prep_send(next(token), fd, buffer, bytes, MSG_NOSIGNAL | MSG_WAITALL);
}

void Loop::accept(int fd, Token token) {
  io_uring_prep_multishot_accept(next(token), fd, nullptr, nullptr, SOCK_CLOEXEC);
}

io_uring_sqe* Loop::next(Token token) {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  while (sqe == nullptr) {
    io_uring_submit(&ring_);
    sqe = io_uring_get_sqe(&ring_);
  }
  // liburing's prep functions leave user_data alone.
  io_uring_sqe_set_data64(sqe, pack(token));
  return sqe;
}

void Loop::reserve(unsigned count) {
  if (io_uring_sq_space_left(&ring_) < count) {
    io_uring_submit(&ring_);
  }
}

void Loop::alarm(std::chrono::nanoseconds after) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(after);
  alarm_ = {.tv_sec = seconds.count(), .tv_nsec = (after - seconds).count()};
  io_uring_prep_timeout(next({Operation::kAlarm}), &alarm_, 0, 0);
}

void Loop::submit_and_wait() {
  const int result = io_uring_submit_and_wait(&ring_, 1);
  if (result < 0 && result != -EINTR && result != -EAGAIN && result != -EBUSY) {
    throw std::system_error(-result, std::generic_category(), "io_uring_enter");
  }
}

}  // namespace ringway::bench
