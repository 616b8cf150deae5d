#include "tests/harness/load.h"

#include <sys/epoll.h>

#include <array>

namespace ringway::test {
namespace {

/// How often clocks are looked at: think times, stalls.
constexpr int kTick_ms = 5;
/// A connection that failed is followed by another after this.
constexpr milliseconds kAfterFailure{50};

}  // namespace

std::string LoadReport::failures_text() const {
  std::string text;
  for (const auto& [kind, count] : failures) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " x " + kind;
  }
  return text;
}

Load::Load(LoadOptions options) : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  for (std::size_t i = 0; i < options_.long_lived + options_.short_lived; ++i) {
    connections_.emplace_back(options_.to, options_.pace, i >= options_.long_lived);
  }
  idle_ = connections_.size();
  thread_ = std::jthread([this] { work(); });
}

Load::~Load() {
  stop();
}

LoadReport Load::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

LoadReport Load::stop() {
  stopping_ = true;
  if (thread_.joinable()) {
    thread_.join();
  }
  return report();
}

LoadReport Load::finish(milliseconds limit) {
  wait_until(limit, [this] { return done_.load(); });
  return stop();
}

void Load::work() {
  std::array<epoll_event, 512> events;
  auto clocks_due = Clock::now();
  while (!(stopping_ || done_) || idle_ < connections_.size()) {
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), kTick_ms);
    for (int i = 0; i < count; ++i) {
      advance(events[static_cast<std::size_t>(i)].data.u64);
    }
    if (count <= 0 || Clock::now() >= clocks_due) {
      look_at_clocks();
      clocks_due = Clock::now() + milliseconds(kTick_ms);
    }
  }
}

void Load::look_at_clocks() {
  const auto now = Clock::now();
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    LoadConnection& connection = connections_[i];
    if (connection.state() != LoadConnection::State::kIdle) {
      connection.tick(now, stopping_);
      settle(i);
    } else if (!stopping_ && connection.due(now)) {
      begin(i);
    }
  }
  done_ = options_.limit != 0 && begun_ >= options_.limit && idle_ == connections_.size();
}

void Load::begin(std::size_t index) {
  LoadConnection& connection = connections_[index];
  if (connection.short_lived() && options_.limit != 0 && begun_ >= options_.limit) {
    return;
  }
  begun_ += connection.short_lived() ? 1 : 0;
  --idle_;
  connection.begin();
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.u64 = index}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.fd(), &event);
  settle(index);
}

void Load::advance(std::size_t index) {
  LoadConnection& connection = connections_[index];
  if (connection.state() == LoadConnection::State::kIdle) {
    return;
  }
  const bool known = connection.greeted();
  connection.advance();
  if (!known && connection.greeted()) {
    ++established_;
    const std::lock_guard lock(mutex_);
    ++report_.connections[connection.server()];
    report_.last_connection[connection.server()] = Clock::now();
  }
  settle(index);
}

void Load::settle(std::size_t index) {
  using State = LoadConnection::State;
  LoadConnection& connection = connections_[index];
  const auto [rounds, bytes] = connection.take_progress();
  const bool over = connection.state() == State::kFinished || connection.state() == State::kFailed;
  if (rounds != 0 || bytes != 0 || over) {
    const std::lock_guard lock(mutex_);
    report_.rounds += rounds;
    report_.bytes += bytes;
    report_.finished += connection.state() == State::kFinished ? 1 : 0;
    if (connection.state() == State::kFailed) {
      ++report_.failures[connection.failure()];
    }
  }
  if (!over) {
    return;
  }
  established_ -= connection.greeted() ? 1 : 0;
  ++idle_;
  const bool failed = connection.state() == State::kFailed;
  connection.clear(Clock::now() + (failed ? kAfterFailure : milliseconds(0)));
  if (!failed && !stopping_) {
    begin(index);
  }
}

}  // namespace ringway::test
