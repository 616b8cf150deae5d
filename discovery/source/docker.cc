#include "discovery/source/docker.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>
#include <utility>

#include "discovery/source/docker_session.h"

namespace ringway::discovery {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

constexpr std::string_view kScheme = "unix:";

/// `unix:/run/x.sock`, and `unix:///run/x.sock` as Docker writes it.
std::string path_of(const std::string& socket) {
  std::string_view path = socket;
  if (path.starts_with(kScheme)) {
    path.remove_prefix(kScheme.size());
  }
  if (path.starts_with("///")) {
    path.remove_prefix(2);
  }
  return std::string(path);
}

/// What lives on while coroutines end: connects, waits, connects again.
class Reconnector : public std::enable_shared_from_this<Reconnector> {
 public:
  Reconnector(const asio::any_io_executor& executor, const config::DockerSource& source, WorkloadSink& sink,
              const DockerTimings& timings)
      : executor_(executor),
        path_(path_of(source.socket)),
        timings_(timings),
        sink_(sink),
        table_(source.network, sink),
        pause_(executor) {}

  void start() {
    asio::co_spawn(executor_, [self = shared_from_this()] { return self->run(); }, asio::detached);
  }

  void stop() {
    stopped_ = true;
    pause_.cancel();
    if (session_) {
      session_->end("stopped");
    }
  }

 private:
  asio::awaitable<void> run() {
    auto backoff = timings_.first_backoff;
    if (!stopped_) {
      say(false, "connecting to " + path_);
    }
    while (!stopped_) {
      const auto began = std::chrono::steady_clock::now();
      session_ = std::make_shared<DockerSession>(executor_, path_, timings_, table_, [this](const std::string& detail) {
        synced_ = true;
        say(true, detail);
      });
      const auto why = co_await session_->run();
      if (stopped_) {
        co_return;
      }
      say(false, why);
      if (std::chrono::steady_clock::now() - began > timings_.last_backoff) {
        backoff = timings_.first_backoff;
      }
      pause_.expires_after(jittered(backoff));
      co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
      backoff = std::min(backoff * 2, timings_.last_backoff);
    }
  }

  /// Between half of `backoff` and all of it, so that many watchers of one engine do not come back together.
  milliseconds jittered(milliseconds backoff) {
    return milliseconds(
        std::uniform_int_distribution<milliseconds::rep>(backoff.count() / 2, backoff.count())(random_));
  }

  void say(bool connected, const std::string& detail) {
    sink_.status(std::string(kDockerSource), SourceStatus{synced_, connected, detail});
  }

  asio::any_io_executor executor_;
  std::string path_;
  DockerTimings timings_;
  WorkloadSink& sink_;
  DockerTable table_;
  asio::steady_timer pause_;
  std::shared_ptr<DockerSession> session_;
  std::minstd_rand random_{std::random_device{}()};
  bool synced_ = false;
  bool stopped_ = false;
};

class DockerWatcher final : public Watcher {
 public:
  DockerWatcher(const asio::any_io_executor& executor, const config::DockerSource& source, WorkloadSink& sink,
                const DockerTimings& timings)
      : reconnector_(std::make_shared<Reconnector>(executor, source, sink, timings)) {}
  ~DockerWatcher() override { reconnector_->stop(); }

  [[nodiscard]] const std::string& name() const override { return name_; }
  void start() override { reconnector_->start(); }
  void stop() override { reconnector_->stop(); }

 private:
  const std::string name_{kDockerSource};
  std::shared_ptr<Reconnector> reconnector_;
};

}  // namespace

std::unique_ptr<Watcher> make_docker_watcher(const asio::any_io_executor& executor, const config::DockerSource& source,
                                             WorkloadSink& sink, const DockerTimings& timings) {
  return std::make_unique<DockerWatcher>(executor, source, sink, timings);
}

}  // namespace ringway::discovery
