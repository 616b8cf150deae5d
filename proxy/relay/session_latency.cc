#include <algorithm>

#include "proxy/relay/session_table.h"

// What is noted of an established session: how long it took to connect, and until the upstream's first byte, for the
// access log, and for peakEwma, which counts the latter from the client's first byte on; and what it reads, for
// `bandwidth`.
namespace ringway::proxy {
namespace {

std::chrono::microseconds microseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration);
}

}  // namespace

void Session::observe_connect() {
  observes_ = true;
  asked_ = last_activity_;
  if (policy_.balancer == Balancer::kPeakEwma) {
    endpoint_->latency.raise(connect_time_, last_activity_, policy_.ewma_decay);
  }
}

// One that is refused at once is no fast one: it counts as if it had used up its time.
void Session::observe_failure() {
  if (policy_.balancer != Balancer::kPeakEwma) {
    return;
  }
  const Time now = table_->shared_.ring.now();
  const Duration took = std::max<Duration>(now - attempt_started_, policy_.connect_timeout);
  endpoint_->latency.observe(microseconds(took), now, policy_.ewma_decay);
}

void Session::observe_data(Side side, std::uint32_t bytes) {
  if (limited_) {
    take_bandwidth(side, bytes);
  }
  if (first_byte_time_) {
    return;
  }
  if (side == Side::kUpstream) {
    observes_ = limited_;
    first_byte_time_ = microseconds(last_activity_ - attempt_started_);
    if (policy_.balancer == Balancer::kPeakEwma) {
      endpoint_->latency.observe(connect_time_ + microseconds(last_activity_ - asked_), last_activity_,
                                 policy_.ewma_decay);
    }
  } else if (from(Side::kClient).bytes == 0) {
    asked_ = last_activity_;
  }
}

}  // namespace ringway::proxy
