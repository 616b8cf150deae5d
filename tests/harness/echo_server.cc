#include "tests/harness/echo_server.h"

#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "tests/harness/await.h"
#include "tests/harness/pattern.h"
#include "tests/harness/places.h"

namespace ringway::test {
namespace {

/// What one connection may hold for its peer before it reads no further.
constexpr std::size_t kQueueBytes = std::size_t{256} * 1024;
constexpr int kBacklog = 4096;

}  // namespace

struct EchoServer::Connection {
  Fd fd;
  std::string out;
  std::size_t out_done = 0;
  std::string request;
  std::optional<PatternWriter> writer;
  PatternReader reader;
  std::uint64_t received = 0;
  std::uint32_t watched = 0;
  bool eof = false;
  bool fin_sent = false;
  bool fin_wanted = false;  ///< FIN once `out` is empty
  bool reset_wanted = false;

  [[nodiscard]] bool queue_empty() const { return out_done == out.size() && (!writer || writer->done()); }
};

EchoServer::EchoServer(ServerOptions options) : options_(std::move(options)) {
  const SocketAddress at = options_.at == SocketAddress() ? SocketAddress(next_endpoint_ip(), 0) : options_.at;
  listener_ = Fd(socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (options_.mode == Mode::kLateReader) {
    const int bytes = 16 * 1024;
    setsockopt(listener_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  sockaddr_storage storage{};
  socklen_t length = at.fill(storage);
  const bool bound = bind(listener_.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0 &&
                     listen(listener_.get(), options_.mode == Mode::kNeverAccept ? 0 : kBacklog) == 0;
  EXPECT_TRUE(bound) << "server on " << at.to_string() << ": " << strerror(errno);
  length = sizeof storage;
  getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&storage), &length);
  address_ = SocketAddress::from(storage);
  if (options_.mode == Mode::kNeverAccept) {
    filler_ = Fd(socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(filler_.get(), reinterpret_cast<const sockaddr*>(&storage), length), 0);
    return;
  }
  epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  wake_ = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  for (const int fd : {listener_.get(), wake_.get()}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }
  thread_ = std::jthread([this] { serve(); });
}

EchoServer::~EchoServer() {
  if (thread_.joinable()) {
    stopping_ = true;
    eventfd_write(wake_.get(), 1);
    thread_.join();
  }
}

void EchoServer::serve() {
  std::array<epoll_event, 256> events;
  bool resumed = false;
  while (!stopping_) {
    const bool waiting = options_.mode == Mode::kLateReader && !resumed;
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), waiting ? 10 : -1);
    if (waiting && resumed_) {
      resumed = true;
      for (auto& [fd, connection] : connections_) {
        watch(*connection);
      }
    }
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener_.get()) {
        accept_all();
        continue;
      }
      const auto found = connections_.find(fd);
      if (found == connections_.end()) {
        continue;
      }
      Connection& connection = *found->second;
      const std::uint32_t happened = events[static_cast<std::size_t>(i)].events;
      if ((happened & EPOLLERR) != 0 && connection.eof) {
        ++resets_;
        end(fd, false);
      } else if (((happened & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || read_some(connection)) &&
                 write_some(connection)) {
        watch(connection);
      }
    }
  }
  while (!connections_.empty()) {
    end(connections_.begin()->first, true);
  }
}

void EchoServer::accept_all() {
  for (;;) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const int fd = accept4(listener_.get(), reinterpret_cast<sockaddr*>(&peer), &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      return;
    }
    ++open_;
    auto connection = std::make_unique<Connection>();
    connection->fd = Fd(fd);
    if (options_.mode == Mode::kGreet || options_.mode == Mode::kFinFirst) {
      const std::string from = options_.tell_peer ? " " + SocketAddress::from(peer).ip().to_string() : "";
      connection->out = options_.name + from + "\n";
    }
    if (options_.mode == Mode::kDuplex) {
      connection->writer.emplace(options_.bytes);
    }
    connection->fin_wanted = options_.mode == Mode::kFinFirst || options_.mode == Mode::kDuplex;
    Connection& added = *connections_.emplace(fd, std::move(connection)).first->second;
    epoll_event event{.events = 0, .data = {.fd = fd}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
    ++accepted_;
    if (options_.mode == Mode::kResetOnAccept) {
      end(fd, true);
    } else if (write_some(added)) {
      watch(added);
    }
  }
}

void EchoServer::watch(Connection& connection) {
  const bool reads = !connection.eof && connection.out.size() - connection.out_done < kQueueBytes &&
                     (options_.mode != Mode::kLateReader || resumed_);
  const std::uint32_t wanted = (reads ? EPOLLIN : 0U) | (connection.queue_empty() ? 0U : EPOLLOUT);
  if (wanted != connection.watched) {
    connection.watched = wanted;
    epoll_event event{.events = wanted, .data = {.fd = connection.fd.get()}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd.get(), &event);
  }
}

bool EchoServer::read_some(Connection& connection) {
  static thread_local std::vector<char> buffer(std::size_t{64} * 1024);
  const ssize_t got = connection.eof ? 0 : recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && errno == EAGAIN) {
    return true;
  }
  if (got < 0) {
    ++resets_;
    end(connection.fd.get(), false);
    return false;
  }
  if (got > 0) {
    return take(connection, {buffer.data(), static_cast<std::size_t>(got)});
  }
  connection.eof = true;
  connection.fin_wanted = options_.mode != Mode::kSilent;
  return true;
}

bool EchoServer::take(Connection& connection, std::string_view bytes) {
  received_ += bytes.size();
  connection.received += bytes.size();
  switch (options_.mode) {
    case Mode::kEcho:
    case Mode::kGreet:
      connection.out.append(bytes);
      break;
    case Mode::kHttp:
      connection.request.append(bytes);
      answer_http(connection);
      break;
    case Mode::kFinFirst:
    case Mode::kSink:
    case Mode::kDuplex:
      if (connection.reader.right() && !connection.reader.feed(std::as_bytes(std::span(bytes)))) {
        ++wrong_;
      }
      break;
    case Mode::kResetAfter:
      if (connection.received >= options_.bytes && !connection.reset_wanted) {
        connection.out = options_.name;
        connection.reset_wanted = true;
      }
      break;
    default:
      break;
  }
  return true;
}

void EchoServer::answer_http(Connection& connection) {
  for (std::size_t end = 0; (end = connection.request.find("\r\n\r\n")) != std::string::npos;) {
    const std::string head = connection.request.substr(0, end);
    connection.request.erase(0, end + 4);
    const bool check = head.find(" /healthz ") != std::string::npos;
    const std::string body = options_.name + "\n";
    connection.out += check && !healthy_ ? "HTTP/1.1 503 Service Unavailable\r\n" : "HTTP/1.1 200 OK\r\n";
    connection.out += "Content-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    if (head.find("onnection: close") != std::string::npos || head.find(" HTTP/1.0") != std::string::npos) {
      connection.out += "Connection: close\r\n";
      connection.fin_wanted = true;
    }
    connection.out += "\r\n" + body;
  }
}

bool EchoServer::write_some(Connection& connection) {
  const int fd = connection.fd.get();
  if (connection.writer && connection.out_done == connection.out.size() && !connection.writer->done()) {
    std::array<std::byte, 32768> next;
    const std::size_t size = connection.writer->peek(next);
    connection.out.assign(reinterpret_cast<const char*>(next.data()), size);
    connection.out_done = 0;
    connection.writer->advance(size);
  }
  while (connection.out_done < connection.out.size()) {
    const ssize_t sent = send(fd, connection.out.data() + connection.out_done,
                              connection.out.size() - connection.out_done, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      return true;
    }
    if (sent < 0) {
      ++resets_;
      end(fd, false);
      return false;
    }
    connection.out_done += static_cast<std::size_t>(sent);
  }
  if (!connection.queue_empty()) {
    return true;
  }
  connection.out.clear();
  connection.out_done = 0;
  if (connection.reset_wanted) {
    wait_until([&] {
      int unsent = 0;
      return ioctl(fd, SIOCOUTQ, &unsent) != 0 || unsent == 0;
    });
    end(fd, true);
    return false;
  }
  if (connection.fin_wanted && !connection.fin_sent) {
    shutdown(fd, SHUT_WR);
    connection.fin_sent = true;
  }
  if (connection.eof && connection.fin_sent) {
    finished_ += connection.reader.right() ? 1 : 0;
    end(fd, false);
    return false;
  }
  return true;
}

void EchoServer::end(int fd, bool reset) {
  const auto found = connections_.find(fd);
  if (reset) {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  connections_.erase(found);
  --open_;
}

}  // namespace ringway::test
