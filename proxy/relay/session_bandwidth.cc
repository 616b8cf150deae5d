#include <algorithm>
#include <limits>
#include <random>

#include "proxy/relay/session_table.h"

// How fast an established session reads: `bandwidth` of the policy. What is read goes on at once, so that the wait of
// the source is the kernel's own backpressure, and nothing is dropped.
namespace ringway::proxy {
namespace {

/// A pause lasts so long at least: a timer is set for each.
constexpr Duration kLeastPause = std::chrono::milliseconds(5);

/// And goes on so long at the most until the session looks again, so that it hears of another rate of its Service.
constexpr Duration kLongestPause = std::chrono::seconds(1);

/// The sessions of a Service that wait go on at random within this time after it may: all at once would each read
/// before the first had paid, and by a fixed order some would always come first. Well below kBandwidthBurst, which
/// makes up for it.
constexpr Duration kTurns = std::chrono::milliseconds(20);

/// A splice may read so much whatever is left, which is then paid for by waiting: less costs a system call for nothing.
constexpr std::uint32_t kLeastSplice_bytes = 4096;

}  // namespace

void Session::limit_bandwidth(const ServicePort& port) {
  bandwidth_ = port.bandwidth;
  limited_ = bandwidth_ != nullptr || policy_.bandwidth != Rates();
}

/// Whether the direction must not be read now. It then goes on by the session's timer.
bool Session::pauses(Side source) {
  if (state_ != State::kEstablished) {
    return false;
  }
  Relay& relay = from(source);
  const std::size_t way = index(source);
  const Time now = table_->shared_.ring.now();
  Time resume = relay.paid;
  if (bandwidth_ != nullptr && bandwidth_->paid(way) > now) {
    std::uniform_int_distribution<Duration::rep> turn(0, kTurns.count());
    resume = std::max(resume, bandwidth_->paid(way) + Duration(turn(table_->random_)));
  }
  if (resume <= now) {
    relay.paused = false;
    return false;
  }
  if (!relay.paused) {
    counters_->bandwidth_waits.at(way).add();
  }
  relay.paused = true;
  relay.resume = std::clamp(resume, now + kLeastPause, now + kLongestPause);
  set_established_timer();
  return true;
}

std::uint32_t Session::bandwidth_allowance(Side source) const {
  const Time now = table_->shared_.ring.now();
  const std::size_t way = index(source);
  std::uint64_t bytes = std::numeric_limits<std::uint32_t>::max();
  if (const std::uint64_t rate = policy_.bandwidth.at(way); rate > 0) {
    bytes = std::min(bytes, allowance(relays_.at(way).paid, now, rate));
  }
  if (const std::uint64_t rate = bandwidth_ != nullptr ? bandwidth_->rate(way) : 0; rate > 0) {
    bytes = std::min(bytes, allowance(bandwidth_->paid(way), now, rate));
  }
  return std::max(static_cast<std::uint32_t>(bytes), kLeastSplice_bytes);
}

void Session::take_bandwidth(Side source, std::uint32_t bytes) {
  const Time now = table_->shared_.ring.now();
  const std::size_t way = index(source);
  if (const std::uint64_t rate = policy_.bandwidth.at(way); rate > 0) {
    from(source).paid = paid_after(from(source).paid, now, bytes, rate);
  }
  if (bandwidth_ != nullptr) {
    bandwidth_->take(way, now, bytes);
  }
}

/// Each direction whose pause is over. The pause was ours, so it is no idle time.
void Session::read_on() {
  const Time now = table_->shared_.ring.now();
  for (const Side source : {Side::kClient, Side::kUpstream}) {
    Relay& relay = from(source);
    if (!relay.paused || now < relay.resume || pauses(source)) {
      continue;
    }
    last_activity_ = now;
    if (relay.splicing) {
      stream(source);
    } else {
      receive(source, false);
    }
  }
}

/// A session that is being closed reads all that comes, and drops it.
void Session::stop_limiting() {
  for (const Side source : {Side::kClient, Side::kUpstream}) {
    Relay& relay = from(source);
    if (relay.paused) {
      relay.paused = false;
      relay.splicing = false;
      receive(source, true);
    }
  }
}

}  // namespace ringway::proxy
