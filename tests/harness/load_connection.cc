#include "tests/harness/load_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tests/harness/pattern.h"

namespace ringway::test {

void LoadConnection::begin() {
  seed_ = next_seed();
  progress_ = Clock::now();
  state_ = State::kConnecting;
  fd_ = Fd(socket(to_.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_storage storage{};
  const socklen_t length = to_.fill(storage);
  if (connect(fd_.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 && errno != EINPROGRESS) {
    fail_with(errno);
  }
}

void LoadConnection::clear(Clock::time_point not_before) {
  fd_.reset();
  server_.clear();
  failure_.clear();
  goal_ = sent_ = received_ = 0;
  next_ = not_before;
  state_ = State::kIdle;
}

void LoadConnection::advance() {
  if (state_ == State::kConnecting) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      fail_with(error);
      return;
    }
    state_ = State::kGreeting;
  }
  if (state_ == State::kRound) {
    send_some();
  }
  receive_some();
}

void LoadConnection::tick(Clock::time_point now, bool stopping) {
  stopping_ = stopping;
  if (state_ == State::kThinking && (stopping || now >= next_)) {
    progress_ = now;
    if (stopping || short_lived_) {
      shutdown(fd_.get(), SHUT_WR);
      state_ = State::kClosing;
    } else {
      start_round();
      send_some();
    }
  } else if (state_ != State::kIdle && state_ != State::kThinking && state_ < State::kFinished &&
             now - progress_ > pace_.stall) {
    constexpr std::array kWhere = {"", "connect", "greeting", "round", "", "close"};
    fail(std::string("stalled in ") + kWhere[static_cast<std::size_t>(state_)]);
  }
}

void LoadConnection::start_round() {
  state_ = State::kRound;
  goal_ += pace_.round_bytes;
}

void LoadConnection::send_some() {
  std::array<std::byte, 16384> block;
  while (state_ == State::kRound && sent_ < goal_) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), goal_ - sent_));
    fill_pattern(seed_, sent_, {block.data(), size});
    const ssize_t sent = send(fd_.get(), block.data(), size, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN) {
        fail_with(errno);
      }
      return;
    }
    sent_ += static_cast<std::uint64_t>(sent);
    progress_ = Clock::now();
  }
}

void LoadConnection::receive_some() {
  std::array<char, 32768> buffer;
  while (state_ != State::kFailed && state_ != State::kFinished) {
    const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) {
      if (errno != EAGAIN) {
        fail_with(errno);
      }
      return;
    }
    progress_ = Clock::now();
    if (got > 0) {
      take({buffer.data(), static_cast<std::size_t>(got)});
    } else if (state_ == State::kClosing) {
      state_ = State::kFinished;
    } else {
      fail("early FIN");
    }
  }
}

void LoadConnection::take(std::string_view bytes) {
  if (state_ == State::kGreeting) {
    const auto end = bytes.find('\n');
    server_ += bytes.substr(0, end);
    if (end == std::string_view::npos) {
      return;
    }
    bytes.remove_prefix(end + 1);
    start_round();
    send_some();
  }
  if (bytes.empty()) {
    return;
  }
  if (state_ != State::kRound || received_ + bytes.size() > sent_ ||
      !is_pattern(seed_, received_, std::as_bytes(std::span(bytes)))) {
    fail("wrong byte");
    return;
  }
  received_ += bytes.size();
  bytes_ += bytes.size();
  if (received_ == goal_) {
    ++rounds_;
    state_ = State::kThinking;
    const auto now = Clock::now();
    next_ = short_lived_ ? now : now + pace_.think;
    tick(now, stopping_);
  }
}

std::pair<std::uint64_t, std::uint64_t> LoadConnection::take_progress() {
  return {std::exchange(rounds_, 0), std::exchange(bytes_, 0)};
}

void LoadConnection::fail(std::string what) {
  failure_ = std::move(what);
  state_ = State::kFailed;
}

void LoadConnection::fail_with(int errno_value) {
  fail(errno_value == ECONNREFUSED ? "refused" : errno_value == ECONNRESET ? "reset" : std::strerror(errno_value));
}

}  // namespace ringway::test
