#include "tests/harness/tcp_client.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace ringway::test {

TcpClient::TcpClient(const SocketAddress& to, milliseconds limit, int receive_buffer,
                     const std::optional<proxy::IpAddress>& from)
    : fd_(socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  if (receive_buffer != 0) {
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_storage storage{};
  if (from) {
    const socklen_t size = SocketAddress(*from, 0).fill(storage);
    if (bind(fd_.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
      error_ = errno;
      return;
    }
  }
  const socklen_t length = to.fill(storage);
  if (connect(fd_.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0) {
    return;
  }
  error_ = errno;
  if (error_ == EINPROGRESS) {
    socklen_t size = sizeof error_;
    error_ = ETIMEDOUT;
    if (wait_for(POLLOUT, Clock::now() + limit)) {
      getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error_, &size);
    }
    // It stood, and was reset before we looked: asking has taken the error, and recv would tell of an end of stream.
    was_reset_ = error_ == ECONNRESET;
  }
}

SocketAddress TcpClient::local() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&storage), &length);
  return SocketAddress::from(storage);
}

bool TcpClient::wait_for(short events, Clock::time_point deadline) const {
  pollfd entry{.fd = fd_.get(), .events = events, .revents = 0};
  return poll(&entry, 1, until(deadline)) > 0;
}

bool TcpClient::send(std::string_view text) {
  const auto deadline = Clock::now() + kPatience;
  while (!text.empty()) {
    const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN || !wait_for(POLLOUT, deadline)) {
      return false;
    }
  }
  return true;
}

std::uint64_t TcpClient::send_until_blocked(milliseconds quiet, std::uint64_t limit) {
  const std::vector<char> block(std::size_t{64} * 1024, 'x');
  std::uint64_t total = 0;
  while (total < limit) {
    const ssize_t sent = ::send(fd_.get(), block.data(), block.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      total += static_cast<std::uint64_t>(sent);
    } else if (errno != EAGAIN || !wait_for(POLLOUT, Clock::now() + quiet)) {
      break;
    }
  }
  return total;
}

std::string TcpClient::receive(std::size_t bytes, milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  std::string text;
  std::array<char, 65536> buffer;
  ending_ = Ending::kOpen;
  while (text.size() < bytes && ending_ == Ending::kOpen) {
    const ssize_t got = recv(fd_.get(), buffer.data(), std::min(buffer.size(), bytes - text.size()), 0);
    if (got > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0) {
      ending_ = was_reset_ ? Ending::kReset : Ending::kFin;
    } else if (errno != EAGAIN) {
      ending_ = Ending::kReset;
    } else if (!wait_for(POLLIN, deadline)) {
      ending_ = Ending::kTimeout;
    }
  }
  return text;
}

std::string TcpClient::receive_all(milliseconds limit) {
  return receive(SIZE_MAX, limit);
}

void TcpClient::finish() {
  shutdown(fd_.get(), SHUT_WR);
}

void TcpClient::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  fd_.reset();
}

TcpClient::Exchanged TcpClient::exchange(std::uint64_t bytes, milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  PatternWriter writer(bytes);
  PatternReader reader;
  Exchanged result;
  std::vector<std::byte> out(std::size_t{32} * 1024);
  std::vector<std::byte> in(std::size_t{64} * 1024);
  while (result.ending == Ending::kOpen || (!result.sent_all && result.ending == Ending::kFin)) {
    const bool sending = !writer.done();
    if (!wait_for(static_cast<short>((sending ? POLLOUT : 0) | (result.ending == Ending::kOpen ? POLLIN : 0)),
                  deadline)) {
      result.ending = Ending::kTimeout;
      break;
    }
    if (sending) {
      const ssize_t sent = ::send(fd_.get(), out.data(), writer.peek(out), MSG_NOSIGNAL);
      if (sent > 0) {
        writer.advance(static_cast<std::size_t>(sent));
      } else if (errno != EAGAIN) {
        result.ending = Ending::kReset;
        break;
      }
      if (writer.done()) {
        finish();
        result.sent_all = true;
      }
    }
    if (result.ending != Ending::kOpen) {
      continue;
    }
    const ssize_t got = recv(fd_.get(), in.data(), in.size(), 0);
    if (got > 0) {
      reader.feed({in.data(), static_cast<std::size_t>(got)});
    } else if (got == 0) {
      result.ending = Ending::kFin;
    } else if (errno != EAGAIN) {
      result.ending = Ending::kReset;
    }
  }
  result.right = reader.right();
  result.received = reader.pattern_bytes();
  return result;
}

}  // namespace ringway::test
