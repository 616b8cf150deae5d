#include "discovery/source/reconnector.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string_view>
#include <utility>

namespace ringway::discovery {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

constexpr std::string_view kScheme = "unix:";

}  // namespace

std::string socket_path(const std::string& socket) {
  std::string_view path = socket;
  if (path.starts_with(kScheme)) {
    path.remove_prefix(kScheme.size());
  }
  if (path.starts_with("///")) {
    path.remove_prefix(2);
  }
  return std::string(path);
}

Reconnector::Reconnector(const asio::any_io_executor& executor, std::string source, std::string where,
                         const Backoff& backoff, WorkloadSink& sink, Open open)
    : executor_(executor),
      source_(std::move(source)),
      where_(std::move(where)),
      backoff_(backoff),
      sink_(sink),
      open_(std::move(open)),
      pause_(executor) {}

void Reconnector::start() {
  asio::co_spawn(executor_, [self = shared_from_this()] { return self->run(); }, asio::detached);
}

void Reconnector::stop() {
  stopped_ = true;
  pause_.cancel();
  if (session_) {
    session_->end("stopped");
  }
}

asio::awaitable<void> Reconnector::run() {
  auto backoff = backoff_.first;
  if (!stopped_) {
    say(false, "connecting to " + where_);
  }
  while (!stopped_) {
    const auto began = std::chrono::steady_clock::now();
    session_ = open_([this](const std::string& detail) {
      synced_ = true;
      say(true, detail);
    });
    const auto why = co_await session_->run();
    if (stopped_) {
      co_return;
    }
    say(false, why);
    if (std::chrono::steady_clock::now() - began > backoff_.last) {
      backoff = backoff_.first;
    }
    pause_.expires_after(jittered(backoff));
    co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    backoff = std::min(backoff * 2, backoff_.last);
  }
}

/// Between half of `backoff` and all of it, so that many watchers of one server do not come back together.
milliseconds Reconnector::jittered(milliseconds backoff) {
  return milliseconds(std::uniform_int_distribution<milliseconds::rep>(backoff.count() / 2, backoff.count())(random_));
}

void Reconnector::say(bool connected, const std::string& detail) {
  sink_.status(source_, SourceStatus{synced_, connected, detail});
}

}  // namespace ringway::discovery
