#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "proxy/core/counters.h"
#include "proxy/ring/buffer_pool.h"
#include "proxy/ring/engine.h"
#include "proxy/ring/pipe_pool.h"
#include "proxy/ring/ring.h"
#include "proxy/ring/sockets.h"

namespace ringway::proxy {

/// What the rings over the real kernel share: buffers, pipes, and the calls that never block.
class SystemRing : public Ring {
 public:
  SystemRing(const SystemRing&) = delete;
  SystemRing& operator=(const SystemRing&) = delete;

  [[nodiscard]] Time now() const override { return now_; }

  bool take_pipe(Pipe& pipe) override { return pipes_.take(pipe); }
  void return_pipe(Pipe& pipe) override { pipes_.give_back(pipe); }
  std::int32_t fill(Pipe& pipe, int fd, std::uint32_t limit) override { return PipePool::fill(pipe, fd, limit); }
  std::int32_t drain(Pipe& pipe, int fd) override { return PipePool::drain(pipe, fd); }

  bool listen(int fd, const SocketAddress& address) override { return sockets::listen(fd, address, backlog_); }
  void refuse(int fd) override { sockets::refuse(fd); }
  void silence(int fd, bool on) override { sockets::silence(fd, on); }
  int accept_now(int fd) override { return sockets::accept_now(fd); }
  std::int32_t take_error(int fd) override { return sockets::take_error(fd); }
  int open_stream(int family) override { return sockets::open_stream(family); }
  [[nodiscard]] bool chooses_ports(std::uint16_t first, std::uint16_t last) const override {
    return sockets::chooses_ports(first, last);
  }
  int bind(int fd, const NearEnd& near) override { return sockets::bind(fd, near); }
  std::int32_t send_now(int fd, std::span<const std::byte> bytes) override { return sockets::send_now(fd, bytes); }
  void shutdown_send(int fd) override { sockets::shutdown_send(fd); }
  void reset_on_close(int fd) override { sockets::reset_on_close(fd); }
  [[nodiscard]] bool hung_up(int fd) const override { return sockets::hung_up(fd); }
  [[nodiscard]] SocketAddress peer(int fd) const override { return sockets::peer(fd); }
  [[nodiscard]] SocketAddress dialled(int fd) override { return sockets::dialled(fd); }
  [[nodiscard]] std::size_t unsent_bytes(int fd) const override { return sockets::unsent_bytes(fd); }

  [[nodiscard]] std::span<const std::byte> bytes(const Buffer& buffer) const override {
    return {pool_.at(buffer.id), buffer.size};
  }
  void append(Buffer& to, Buffer& from) override {
    const std::uint32_t moved = std::min(from.size, pool_.buffer_bytes() - to.size);
    std::memcpy(pool_.at(to.id) + to.size, pool_.at(from.id), moved);
    to.size += moved;
    from.size -= moved;
    if (from.size == 0) {
      release(from);
    } else {
      std::memmove(pool_.at(from.id), pool_.at(from.id) + moved, from.size);
    }
  }
  void release(Buffer& buffer) override {
    pool_.release(buffer.id);
    buffer = {};
  }

 protected:
  SystemRing(const RingOptions& options, Counter& exhausted)
      : exhausted_(exhausted),
        busy_poll_(options.busy_poll),
        backlog_(options.backlog),
        pipes_(options.pipe_count, options.pipe_bytes) {}

  Counter& exhausted_;
  BufferPool pool_;
  Duration busy_poll_;
  Time now_ = std::chrono::steady_clock::now();

 private:
  std::uint32_t backlog_;
  PipePool pipes_;
};

}  // namespace ringway::proxy
