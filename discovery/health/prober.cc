#include "discovery/health/prober.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

#include "discovery/health/check.h"
#include "discovery/health/health_state.h"
#include "discovery/health/probe.h"

namespace ringway::discovery {
namespace {

namespace asio = boost::asio;
using std::chrono::microseconds;

/// Who wants to hear of a target. Outlives its Subscription while its own callback runs.
struct Listener {
  proxy::SocketAddress endpoint;
  HealthChecker::Changed changed;
  bool alive = true;
};

/// One series of probes. Its subscriptions own it; the Prober finds it by address.
struct Target {
  Target(const asio::any_io_executor& executor, const proxy::SocketAddress& where, const config::HealthCheck& how)
      : address(where), check(how), state(how.rise, how.fall), timer(executor) {}

  proxy::SocketAddress address;
  config::HealthCheck check;
  HealthState state;
  asio::steady_timer timer;
  std::unique_ptr<Probe> probe;
  bool begun = false;  ///< its first probe has started
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
  std::vector<std::shared_ptr<Listener>> listeners;
};

/// The schedule of all targets. Held weakly by what it starts, so that its end ends everything.
class Prober : public std::enable_shared_from_this<Prober> {
 public:
  Prober(asio::any_io_executor executor, std::uint64_t seed) : executor_(std::move(executor)), random_(seed) {}

  std::shared_ptr<Target> target_of(const proxy::SocketAddress& endpoint, const config::HealthCheck& check) {
    const proxy::SocketAddress address = probed_address(endpoint, check);
    const auto [first, last] = targets_.equal_range(address);
    for (auto known = first; known != last; ++known) {
      if (auto target = known->second.lock(); target && same_check(target->check, check)) {
        return target;
      }
    }
    auto target = std::make_shared<Target>(executor_, address, check);
    targets_.emplace(address, target);
    const microseconds gap = kFirstProbeGap * static_cast<std::int64_t>(not_begun_++);
    wait(target, gap % microseconds(check.interval));
    return target;
  }

  void forget(Target& target) {
    const bool was_running = target.probe != nullptr;
    target.probe.reset();
    target.timer.cancel();
    not_begun_ -= target.begun ? 0 : 1;
    const auto [first, last] = targets_.equal_range(target.address);
    const auto found =
        std::find_if(first, last, [&target](const auto& entry) { return entry.second.lock().get() == &target; });
    if (found != last) {
      targets_.erase(found);
    }
    if (was_running) {
      ended();
    }
  }

  /// No probe and no timer goes on; subscriptions keep what they know.
  void stop() {
    stopped_ = true;
    for (const auto& [address, weak] : targets_) {
      if (const auto target = weak.lock()) {
        target->probe.reset();
        target->timer.cancel();
      }
    }
  }

 private:
  void wait(const std::shared_ptr<Target>& target, microseconds delay) {
    target->timer.expires_after(delay);
    target->timer.async_wait([weak_self = weak_from_this(), weak = std::weak_ptr(target)](const auto& code) {
      const auto self = weak_self.lock();
      const auto due = weak.lock();
      if (!code && self && due && !self->stopped_) {
        self->queue_.push_back(due);
        self->run_queue();
      }
    });
  }

  void run_queue() {
    while (!stopped_ && under_way_ < kMaxProbesUnderWay && !queue_.empty()) {
      const auto target = queue_.front().lock();
      queue_.pop_front();
      if (target && !target->listeners.empty()) {
        run(target);
      }
    }
  }

  void run(const std::shared_ptr<Target>& target) {
    ++under_way_;
    if (!std::exchange(target->begun, true)) {
      --not_begun_;
    }
    target->probe = start_probe(executor_, target->address, target->check,
                                [weak_self = weak_from_this(), weak = std::weak_ptr(target)](ProbeResult result) {
                                  const auto self = weak_self.lock();
                                  const auto probed = weak.lock();
                                  if (self && probed) {
                                    self->conclude(probed, std::move(result));
                                  }
                                });
  }

  void conclude(const std::shared_ptr<Target>& target, ProbeResult result) {
    target->probe.reset();
    bool changed = false;
    bool hurry = false;
    if (result.outcome == ProbeOutcome::kNotRun) {
      changed = target->state.not_run(std::move(result.detail));
    } else {
      const bool success = result.outcome == ProbeOutcome::kSuccess;
      ++(success ? target->successes : target->failures);
      changed = target->state.record(success, std::move(result.detail));
      hurry = !target->state.settled();
    }
    wait(target, jittered(target->check, hurry ? target->check.fast_interval : target->check.interval));
    ended();
    if (changed) {
      tell(*target);
    }
  }

  void ended() {
    --under_way_;
    run_queue();
  }

  /// A callback may end any subscription, its own as well, and begin new ones.
  static void tell(Target& target) {
    const auto listeners = target.listeners;
    for (const auto& listener : listeners) {
      if (listener->alive) {
        listener->changed(listener->endpoint);
      }
    }
  }

  microseconds jittered(const config::HealthCheck& check, microseconds interval) {
    std::uniform_real_distribution<double> factor(1.0 - check.jitter, 1.0 + check.jitter);
    return microseconds(static_cast<std::int64_t>(static_cast<double>(interval.count()) * factor(random_)));
  }

  asio::any_io_executor executor_;
  std::mt19937_64 random_;
  std::unordered_multimap<proxy::SocketAddress, std::weak_ptr<Target>> targets_;
  std::deque<std::weak_ptr<Target>> queue_;  ///< due; at most one entry for each target
  std::size_t under_way_ = 0;
  std::size_t not_begun_ = 0;
  bool stopped_ = false;
};

class TargetSubscription final : public HealthChecker::Subscription {
 public:
  TargetSubscription(std::weak_ptr<Prober> prober, std::shared_ptr<Target> target, std::shared_ptr<Listener> listener)
      : prober_(std::move(prober)), target_(std::move(target)), listener_(std::move(listener)) {
    target_->listeners.push_back(listener_);
  }
  TargetSubscription(const TargetSubscription&) = delete;
  TargetSubscription& operator=(const TargetSubscription&) = delete;
  ~TargetSubscription() override {
    listener_->alive = false;
    std::erase(target_->listeners, listener_);
    if (target_->listeners.empty()) {
      if (const auto prober = prober_.lock()) {
        prober->forget(*target_);
      }
    }
  }

  [[nodiscard]] const Health& health() const override { return target_->state.health(); }
  [[nodiscard]] std::uint64_t successes() const override { return target_->successes; }
  [[nodiscard]] std::uint64_t failures() const override { return target_->failures; }

 private:
  std::weak_ptr<Prober> prober_;
  std::shared_ptr<Target> target_;
  std::shared_ptr<Listener> listener_;
};

class ProbingHealthChecker final : public HealthChecker {
 public:
  ProbingHealthChecker(const asio::any_io_executor& executor, std::uint64_t seed)
      : prober_(std::make_shared<Prober>(executor, seed)) {}
  ProbingHealthChecker(const ProbingHealthChecker&) = delete;
  ProbingHealthChecker& operator=(const ProbingHealthChecker&) = delete;
  ~ProbingHealthChecker() override { prober_->stop(); }

  std::unique_ptr<Subscription> watch(const proxy::SocketAddress& address, const config::HealthCheck& check,
                                      Changed changed) override {
    auto target = prober_->target_of(address, check);
    auto listener = std::make_shared<Listener>(address, std::move(changed));
    return std::make_unique<TargetSubscription>(prober_, std::move(target), std::move(listener));
  }

 private:
  std::shared_ptr<Prober> prober_;
};

}  // namespace

std::unique_ptr<HealthChecker> make_health_checker(const asio::any_io_executor& executor, std::uint64_t seed) {
  return std::make_unique<ProbingHealthChecker>(executor, seed);
}

}  // namespace ringway::discovery
