#include "proxy/relay/reactor.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace ringway::proxy {
namespace {

/// How long `stop` waits for peers to answer FIN before it resets them, and then for the ring to give all back.
constexpr auto kStopGrace = std::chrono::milliseconds(500);
constexpr auto kAbortGrace = std::chrono::milliseconds(250);

}  // namespace

Reactor::Reactor(const SessionTable::Shared& shared, int wake_fd, Hooks hooks)
    : ring_(shared.ring),
      sessions_(shared),
      listeners_(shared.ring, sessions_, shared.budget, shared.counters),
      wake_fd_(wake_fd),
      hooks_(std::move(hooks)) {
  if (wake_fd_ >= 0) {
    arm_wake();
  }
}

bool Reactor::turn() {
  if (stopped()) {
    // The last closes stand in the submission queue still.
    ring_.run_once(ring_.now(), *this);
    return false;
  }
  const std::size_t sessions_before = sessions_.size();
  ring_.run_once(next_deadline(), *this);
  sessions_.expire(ring_.now());
  listeners_.open_accepted(sessions_.messages_came());
  sessions_.run_streams();
  if (sessions_.take_out_of_files()) {
    listeners_.pause();
  }
  if (sessions_.size() < sessions_before || listeners_.next_timer() <= ring_.now()) {
    listeners_.resume(ring_.now());
  }
  finish_drain();
  return true;
}

Time Reactor::next_deadline() const {
  if (sessions_.streams_wait() || listeners_.accepted_wait()) {
    return ring_.now();
  }
  const Time next = std::min(sessions_.next_timer(), listeners_.next_timer());
  return stopping_ ? std::min(next, stop_limit_) : next;
}

void Reactor::arm_wake() {
  ring_.watch_readable(wake_fd_, token_of(Operation::kWake, 0, 0));
}

void Reactor::on_completion(const Completion& completion) {
  switch (static_cast<Operation>(completion.token.operation)) {
    case Operation::kWake: {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto taken = read(wake_fd_, &count, sizeof count);
      if (!completion.more) {
        arm_wake();
      }
      hooks_.woken(*this);
      break;
    }
    case Operation::kAccept:
      listeners_.on_completion(completion);
      break;
    default:
      sessions_.on_completion(completion);
  }
}

void Reactor::switch_to(const Switch& change) {
  if (!change.removed.empty()) {
    listeners_.serve_steered();
  }
  for (const SocketAddress& address : change.removed) {
    listeners_.remove(address);
  }
  for (const auto& [address, port_slot] : change.retargeted) {
    listeners_.retarget(address, port_slot);
  }
  sessions_.set_plan(*change.plan);
  for (const auto& listener : change.added) {
    listeners_.add(listener.fd, listener.address, listener.port_slot);
  }
  for (const std::uint32_t slot : change.changed_slots) {
    listeners_.follow(slot);
    // Endpoints of a route are a reason for its port to listen.
    if (const ServicePort* port = change.plan->port(slot); port != nullptr && port->route != nullptr) {
      listeners_.follow(port->route_of);
    }
  }
  if (change.listeners_stand) {
    change.listeners_stand();
  }
  if (hooks_.in_force) {
    hooks_.in_force(change.plan->snapshot->version);
  }
}

void Reactor::drain(std::function<void()> done) {
  listeners_.remove_all();
  drained_ = std::move(done);
  finish_drain();
}

void Reactor::finish_drain() {
  if (drained_ && sessions_.size() == 0 && listeners_.empty()) {
    std::exchange(drained_, nullptr)();
  }
}

void Reactor::stop() {
  stopping_ = true;
  stop_limit_ = ring_.now() + kStopGrace;
  listeners_.remove_all();
  sessions_.close(nullptr, Cause::kShutdown);
}

bool Reactor::stopped() {
  if (!stopping_) {
    return false;
  }
  if (sessions_.size() == 0 && listeners_.empty()) {
    return true;
  }
  if (ring_.now() < stop_limit_) {
    return false;
  }
  if (aborted_) {
    return true;
  }
  aborted_ = true;
  stop_limit_ = ring_.now() + kAbortGrace;
  sessions_.abort(nullptr, Cause::kShutdown);
  return false;
}

}  // namespace ringway::proxy
