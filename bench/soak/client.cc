#include "bench/soak/client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "tests/harness/pattern.h"

namespace ringway::soak {
namespace {

/// No progress for so long, where none of our own doing stands in the way, is a loss.
constexpr std::chrono::seconds kStall{25};
constexpr std::size_t kBlock_bytes = 65'536;
/// A stream sends at most so far ahead of what has come back, as the server does not read without end.
constexpr std::uint64_t kAhead_bytes = 4UL << 20;
/// One call reads or sends at most so much, so that no stream keeps the others waiting.
constexpr int kTurns = 8;

/// Eight bytes of seed, then the pattern, as PatternReader reads it.
void fill(std::uint64_t seed, std::uint64_t offset, std::span<std::byte> into) {
  std::size_t done = 0;
  while (offset + done < test::kSeedBytes && done < into.size()) {
    into[done] = reinterpret_cast<const std::byte*>(&seed)[offset + done];
    ++done;
  }
  test::fill_pattern(seed, offset + done - test::kSeedBytes, into.subspan(done));
}

bool is_right(std::uint64_t seed, std::uint64_t offset, std::span<const std::byte> bytes) {
  static thread_local std::vector<std::byte> expected(kBlock_bytes);
  const std::span wanted = std::span(expected).first(bytes.size());
  fill(seed, offset, wanted);
  return std::memcmp(wanted.data(), bytes.data(), bytes.size()) == 0;
}

}  // namespace

void Client::begin(Script script) {
  clear();
  script_ = std::move(script);
  state_ = State::kConnecting;
  progress_ = Clock::now();
  failure_ = {.service = script_.service, .server = {}, .what = {}, .begun = progress_, .failed = {}};
  fd_ = test::Fd(socket(script_.to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_storage storage{};
  const socklen_t length = script_.to.fill(storage);
  if (connect(fd_.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 && errno != EINPROGRESS) {
    fail_with(errno);
  }
}

void Client::clear() {
  *this = Client();
}

void Client::advance() {
  if (state_ == State::kConnecting) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      fail_with(error);
      return;
    }
    sockaddr_storage peer{};
    size = sizeof peer;
    if (getpeername(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
      return;
    }
    state_ = State::kGreeting;
    progress_ = Clock::now();
  }
  if (state_ == State::kRound) {
    send_some();
  }
  receive_some();
}

void Client::tick(Clock::time_point now, bool hurry) {
  hurry_ = hurry;
  if (state_ == State::kIdle || over()) {
    return;
  }
  if (stalling_ && (hurry || now >= next_)) {
    stalling_ = false;
    progress_ = now;
  }
  if (state_ == State::kThinking && (hurry || now >= next_)) {
    progress_ = now;
    if (rounds_done_ < script_.rounds && !(hurry && rounds_done_ > 0)) {
      state_ = State::kRound;
      goal_ += script_.round_bytes;
    } else if (script_.reset_at != 0) {
      reset();
      return;
    } else {
      close_sending();
    }
  }
  if (state_ == State::kRound || state_ == State::kClosing || state_ == State::kGreeting) {
    advance();
  }
  if (!stalling_ && !over() && state_ != State::kThinking && now - progress_ > kStall) {
    constexpr std::array kWhere = {"", "connect", "greeting", "round", "", "close"};
    fail(std::string("stalled in ") + kWhere[static_cast<std::size_t>(state_)]);
  }
}

void Client::think_or_close() {
  if (script_.think.count() == 0 && rounds_done_ < script_.rounds && !(hurry_ && rounds_done_ > 0)) {
    state_ = State::kRound;
    goal_ += script_.round_bytes;
    send_some();
    return;
  }
  state_ = State::kThinking;
  next_ = Clock::now() + script_.think;
  if (script_.think.count() == 0 && rounds_done_ >= script_.rounds && script_.reset_at == 0) {
    close_sending();
  }
}

void Client::close_sending() {
  shutdown(fd_.get(), SHUT_WR);
  // The server has said FIN before: it is its count that tells whether all has come.
  state_ = script_.upload ? State::kFinished : State::kClosing;
}

void Client::send_some() {
  std::array<std::byte, kBlock_bytes> block;
  for (int turn = 0; turn < kTurns && state_ == State::kRound && sent_ < goal_; ++turn) {
    if (!script_.upload && sent_ > received_ + kAhead_bytes) {
      return;
    }
    if (script_.reset_at != 0 && sent_ >= script_.reset_at) {
      reset();
      return;
    }
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), goal_ - sent_));
    fill(script_.seed, sent_, {block.data(), size});
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
  if (state_ == State::kRound && sent_ == goal_ && (script_.fin_at_once || script_.upload)) {
    ++rounds_done_;
    close_sending();
  }
}

void Client::receive_some() {
  std::array<char, kBlock_bytes> buffer;
  for (int turn = 0; turn < kTurns && state_ > State::kConnecting && !over() && !stalling_ && !server_fin_; ++turn) {
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
    } else {
      take_fin();
    }
  }
}

void Client::take_fin() {
  if (script_.upload && state_ != State::kGreeting) {
    server_fin_ = true;
  } else if (state_ == State::kClosing && received_ == sent_) {
    state_ = State::kFinished;
  } else {
    fail("early FIN");
  }
}

void Client::take(std::string_view bytes) {
  if (state_ == State::kGreeting) {
    const auto end = bytes.find('\n');
    failure_.what += bytes.substr(0, end);
    if (end == std::string_view::npos) {
      return;
    }
    failure_.server = std::exchange(failure_.what, {});
    bytes.remove_prefix(end + 1);
    think_or_close();
  }
  if (bytes.empty() || over()) {
    return;
  }
  if (script_.upload || received_ + bytes.size() > sent_ ||
      !is_right(script_.seed, received_, std::as_bytes(std::span(bytes)))) {
    fail("wrong byte");
    return;
  }
  received_ += bytes.size();
  if (script_.stall_at != 0 && !stalled_ && received_ >= script_.stall_at && !hurry_) {
    stalled_ = stalling_ = true;
    next_ = Clock::now() + script_.stall;
  } else if (state_ == State::kRound && received_ == goal_) {
    ++rounds_done_;
    think_or_close();
  } else if (state_ == State::kRound && sent_ < goal_) {
    send_some();
  }
}

void Client::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  reset_ = true;
  state_ = State::kFinished;
}

void Client::fail(std::string what) {
  failure_.what = std::move(what);
  failure_.failed = Clock::now();
  state_ = State::kFailed;
}

void Client::fail_with(int errno_value) {
  // EPIPE is what a send says after RST once the peer's FIN has come.
  fail(errno_value == ECONNREFUSED                         ? "refused"
       : errno_value == ECONNRESET || errno_value == EPIPE ? "reset"
                                                           : std::strerror(errno_value));
}

}  // namespace ringway::soak
