#include "proxy/worker.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>

namespace ringway::proxy {
namespace {

std::uint64_t microseconds(Duration duration) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(duration).count()));
}

}  // namespace

Worker::Worker(Options options, SessionBudget& budget) : options_(std::move(options)), budget_(budget) {
  if (options_.access_log) {
    ended_ = std::make_unique<EndedLog>();
  }
}

Worker::~Worker() {
  if (thread_.joinable()) {
    post([](Reactor& reactor) { reactor.stop(); });
    join();
  }
  if (wake_fd_ >= 0) {
    close(wake_fd_);
  }
}

Result<std::unique_ptr<Worker>> Worker::start(Options options, SessionBudget& budget) {
  std::unique_ptr<Worker> worker(new Worker(std::move(options), budget));
  worker->wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (worker->wake_fd_ < 0) {
    return std::unexpected(system_error(errno, "eventfd"));
  }
  std::promise<Result<void>> started;
  std::future<Result<void>> outcome = started.get_future();
  // Signals are the control thread's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  worker->thread_ = std::thread(&Worker::run, worker.get(), std::move(started));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (auto result = outcome.get(); !result) {
    worker->thread_.join();
    return std::unexpected(std::move(result.error()));
  }
  return worker;
}

void Worker::post(Mailbox<Reactor>::Message message) {
  if (mailbox_.post(std::move(message))) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
  }
}

void Worker::join() {
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Worker::run(std::promise<Result<void>> started) {
  pthread_setname_np(pthread_self(), ("ringway-w" + std::to_string(options_.index)).c_str());
  auto ring = make_ring(options_.engine, options_.ring, counters_.buffers_exhausted);
  if (!ring) {
    started.set_value(std::unexpected(std::move(ring.error())));
    return;
  }
  const SessionTable::Shared shared{.ring = **ring,
                                    .counters = counters_,
                                    .budget = budget_,
                                    .worker = options_.index,
                                    .seed = options_.seed,
                                    .ended = ended_.get()};
  const auto in_force = [this](std::uint64_t version) {
    version_in_force_.store(version, std::memory_order_release);
    if (options_.in_force) {
      options_.in_force();
    }
  };
  Reactor reactor(shared, wake_fd_, {.woken = [this](Reactor& woken) { mailbox_.read(woken); }, .in_force = in_force});
  started.set_value({});
  loop(**ring, reactor);
}

void Worker::loop(Ring& ring, Reactor& reactor) {
  Time done = std::chrono::steady_clock::now();
  while (reactor.turn()) {
    const Time woken = ring.now();
    counters_.idle_us.add(microseconds(woken - done));
    done = std::chrono::steady_clock::now();
    const std::uint64_t turn_us = microseconds(done - woken);
    counters_.busy_us.add(turn_us);
    counters_.longest_turn_us.see(turn_us);
  }
}

}  // namespace ringway::proxy
