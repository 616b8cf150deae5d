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

/// How long `stop` waits for peers to answer FIN before it resets them, and then for the ring to give all back.
constexpr auto kStopGrace = std::chrono::milliseconds(500);
constexpr auto kAbortGrace = std::chrono::milliseconds(250);

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
    post([](Worker& worker) { worker.stop(); });
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

void Worker::post(Mailbox<Worker>::Message message) {
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
  auto ring = make_io_uring_ring(options_.ring, counters_.buffers_exhausted);
  if (!ring) {
    started.set_value(std::unexpected(std::move(ring.error())));
    return;
  }
  ring_ = std::move(*ring);
  sessions_ = std::make_unique<SessionTable>(SessionTable::Shared{.ring = *ring_,
                                                                  .counters = counters_,
                                                                  .budget = budget_,
                                                                  .worker = options_.index,
                                                                  .seed = options_.seed,
                                                                  .ended = ended_.get()});
  listeners_ = std::make_unique<Listeners>(*ring_, *sessions_, budget_, counters_);
  started.set_value({});
  loop();
  // The last closes stand in the submission queue still.
  ring_->run_once(ring_->now(), *this);
  listeners_.reset();
  sessions_.reset();
  ring_.reset();
}

void Worker::loop() {
  arm_wake();
  awake_since_ = std::chrono::steady_clock::now();
  while (!stopped()) {
    const Time before_wait = std::chrono::steady_clock::now();
    const std::size_t sessions_before = sessions_->size();
    ring_->run_once(next_deadline(), *this);
    account(before_wait);
    sessions_->expire(ring_->now());
    if (sessions_->size() < sessions_before || listeners_->next_timer() <= ring_->now()) {
      listeners_->resume(ring_->now());
    }
    finish_drain();
  }
}

void Worker::account(Time before_wait) {
  counters_.busy_us.add(microseconds(before_wait - awake_since_));
  counters_.idle_us.add(microseconds(ring_->now() - before_wait));
  awake_since_ = ring_->now();
}

Time Worker::next_deadline() const {
  const Time next = std::min(sessions_->next_timer(), listeners_->next_timer());
  return stopping_ ? std::min(next, stop_limit_) : next;
}

void Worker::arm_wake() {
  ring_->watch_readable(wake_fd_, token_of(Operation::kWake, 0, 0));
}

void Worker::on_completion(const Completion& completion) {
  switch (static_cast<Operation>(completion.token.operation)) {
    case Operation::kWake: {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto taken = read(wake_fd_, &count, sizeof count);
      if (!completion.more) {
        arm_wake();
      }
      mailbox_.read(*this);
      break;
    }
    case Operation::kAccept:
      listeners_->on_completion(completion);
      break;
    default:
      sessions_->on_completion(completion);
  }
}

void Worker::switch_to(const Switch& change) {
  for (const SocketAddress& address : change.removed) {
    listeners_->remove(address);
  }
  for (const auto& [address, port_slot] : change.retargeted) {
    listeners_->retarget(address, port_slot);
  }
  sessions_->set_plan(*change.plan);
  for (const auto& listener : change.added) {
    listeners_->add(listener.fd, listener.address, listener.port_slot);
  }
  for (const std::uint32_t slot : change.changed_slots) {
    listeners_->follow(slot);
  }
  version_in_force_.store(change.plan->snapshot->version, std::memory_order_release);
  if (options_.in_force) {
    options_.in_force();
  }
}

void Worker::drain(std::function<void()> done) {
  listeners_->remove_all();
  drained_ = std::move(done);
  finish_drain();
}

void Worker::finish_drain() {
  if (drained_ && sessions_->size() == 0 && listeners_->empty()) {
    std::exchange(drained_, nullptr)();
  }
}

void Worker::stop() {
  stopping_ = true;
  stop_limit_ = ring_->now() + kStopGrace;
  listeners_->remove_all();
  sessions_->close(nullptr, Cause::kShutdown);
}

bool Worker::stopped() {
  if (!stopping_) {
    return false;
  }
  if (sessions_->size() == 0 && listeners_->empty()) {
    return true;
  }
  if (ring_->now() < stop_limit_) {
    return false;
  }
  if (aborted_) {
    return true;
  }
  aborted_ = true;
  stop_limit_ = ring_->now() + kAbortGrace;
  sessions_->abort_all(Cause::kShutdown);
  return false;
}

}  // namespace ringway::proxy
