#include "proxy/ring/pipe_pool.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace ringway::proxy {
namespace {

void close_both(const Pipe& pipe) {
  ::close(pipe.read_fd);
  ::close(pipe.write_fd);
}

}  // namespace

PipePool::~PipePool() {
  for (const Pipe& pipe : free_) {
    close_both(pipe);
  }
}

bool PipePool::take(Pipe& pipe) {
  if (free_.empty()) {
    return made_ < limit_ && make(pipe);
  }
  pipe = free_.back();
  free_.pop_back();
  return true;
}

bool PipePool::make(Pipe& pipe) {
  std::array<int, 2> fds{};
  if (pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return false;
  }
  pipe = {.read_fd = fds[0], .write_fd = fds[1], .capacity = pipe_bytes_};
  if (fcntl(pipe.write_fd, F_SETPIPE_SZ, static_cast<int>(pipe_bytes_)) < 0) {
    close_both(pipe);
    pipe = {};
    limit_ = made_;
    return false;
  }
  ++made_;
  return true;
}

void PipePool::give_back(Pipe& pipe) {
  if (pipe.held > 0) {
    close_both(pipe);
    --made_;
  } else {
    free_.push_back(pipe);
  }
  pipe = {};
}

std::int32_t PipePool::fill(Pipe& pipe, int fd, std::uint32_t limit) {
  const ssize_t moved = splice(fd, nullptr, pipe.write_fd, nullptr, limit, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  const int error = moved < 0 ? errno : 0;
  if ((moved == 0 || error == EAGAIN) && sockatmark(fd) == 1) {
    return kAtUrgentMark;
  }
  if (moved < 0) {
    return -error;
  }
  pipe.held += static_cast<std::uint32_t>(moved);
  return static_cast<std::int32_t>(moved);
}

std::int32_t PipePool::drain(Pipe& pipe, int fd) {
  // Never less than all: what is left behind would make the kernel hold the last segment back (MSG_MORE).
  const ssize_t moved = splice(pipe.read_fd, nullptr, fd, nullptr, pipe.held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (moved < 0) {
    return -errno;
  }
  pipe.held -= static_cast<std::uint32_t>(moved);
  return static_cast<std::int32_t>(moved);
}

}  // namespace ringway::proxy
