#include <algorithm>
#include <cerrno>

#include "proxy/balance/choose.h"
#include "proxy/relay/session_table.h"

// A connect that failed: what it says of the endpoint, and whether and where to try again.
namespace ringway::proxy {
namespace {

/// Picks of endpoints that are in doubt or full after which the picker is no longer asked, and the endpoints are looked
/// through instead.
constexpr std::size_t kDoubtfulPicks = 4;

Cause cause_of(ConnectFailure failure) {
  switch (failure) {
    case ConnectFailure::kRefused:
      return Cause::kConnectRefused;
    case ConnectFailure::kTimeout:
      return Cause::kConnectTimeout;
    case ConnectFailure::kUnreachable:
      return Cause::kConnectUnreachable;
    case ConnectFailure::kSourceAddress:
      return Cause::kSourceAddress;
    case ConnectFailure::kSourcePorts:
      return Cause::kSourcePorts;
    default:
      return Cause::kConnectError;
  }
}

/// One that fits and was not tried, all alike; null where there is none.
template <typename Fits>
EndpointState* any_that(Fits&& fits, Endpoints endpoints, const PickContext& context) {
  const auto may = [&](const auto& endpoint) { return fits(*endpoint) && !was_tried(endpoint.get(), context); };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(endpoints, may));
  if (count == 0) {
    return nullptr;
  }
  std::size_t skip = context.random % count;
  const auto found =
      std::ranges::find_if(endpoints, [&](const auto& endpoint) { return may(endpoint) && skip-- == 0; });
  // Another worker may have changed something between the two looks.
  return found == endpoints.end() ? nullptr : found->get();
}

}  // namespace

// What the picker gives, unless it is in doubt or full and another endpoint is not. Null where all were tried; a full
// one where all others are full or were tried.
EndpointState* Session::choose(const ServicePort& port) {
  const Picker& picker = table_->plan_->picker(port_slot_);
  const Time now = table_->shared_.ring.now();
  std::array<const EndpointState*, kMaxConnectAttempts + kDoubtfulPicks> passed_over;
  std::ranges::copy(tried_, passed_over.begin());
  std::size_t count = tried_count_;
  PickContext context{.random = table_->random_(), .client = client_.ip(), .now = now};
  EndpointState* first = nullptr;
  EndpointState* full = nullptr;
  for (std::size_t pick = 0; pick < kDoubtfulPicks; ++pick) {
    context.tried = {passed_over.data(), count};
    EndpointState* picked = picker.pick(context);
    if (picked == nullptr) {
      return first != nullptr ? first : full;
    }
    if (endpoint_full(*picked)) {
      full = full == nullptr ? picked : full;
      passed_over[count++] = picked;
      continue;
    }
    trusted_ = !picked->doubt.raised();
    // One trial for a session: it must not use up its attempts for the others.
    if (trusted_ || (attempts_ == 0 && picked->doubt.claim_trial(now))) {
      return picked;
    }
    first = first == nullptr ? picked : first;
    passed_over[count++] = picked;
  }
  const auto fits = [this](const EndpointState& endpoint) {
    return !endpoint.doubt.raised() && !endpoint_full(endpoint);
  };
  EndpointState* other = any_that(fits, port.endpoints, context);
  for (auto group = port.reserves.begin(); other == nullptr && group != port.reserves.end(); ++group) {
    other = any_that(fits, *group, context);
  }
  trusted_ = other != nullptr;
  return other != nullptr ? other : first != nullptr ? first : full;
}

void Session::connect_failed(ConnectFailure failure) {
  observe_failure();
  endpoint_->connect_failures[static_cast<std::size_t>(failure)].fetch_add(1, std::memory_order_relaxed);
  if (is_of_endpoint(failure)) {
    // Those that were under way when the first of them failed have found out the same thing once.
    const bool known = trusted_ && endpoint_->doubt.raised();
    const auto before = endpoint_->connect_failures_in_row.fetch_add(known ? 0 : 1, std::memory_order_relaxed);
    endpoint_->doubt.raise(table_->shared_.ring.now(), before + (known ? 0 : 1));
    stats_->failures_seen.store(true, std::memory_order_release);
  }
  cause_ = cause_of(failure);
  tried_[tried_count_++] = endpoint_;
  timed_out_ = false;
  leaving_ = Cause::kNone;
  table_->timers_.clear(slot_);
  table_->shared_.ring.close(fd(Side::kUpstream));
  fds_[index(Side::kUpstream)] = -1;
  if (may_retry(failure)) {
    connect_next();
  } else {
    refuse(cause_);
  }
}

// An attempt that a trusted endpoint refused at once took no time and nobody could have known: it counts neither
// against the attempts nor against the budget. So however many endpoints go at once, the sessions that find it out go
// on, and each endpoint is found out by those that came while the first was on its way.
bool Session::may_retry(ConnectFailure failure) {
  if (policy_.connect_attempts <= 1 || tried_count_ >= tried_.size()) {
    return false;
  }
  if (failure == ConnectFailure::kRefused && trusted_) {
    return true;
  }
  if (++failed_attempts_ >= policy_.connect_attempts) {
    return false;
  }
  const bool paid = counters_->retry_budget.spend(table_->shared_.ring.now());
  counters_->retries_unpaid.add(paid ? 0 : 1);
  return paid;
}

// Counted at the end, so that no message pays for it: a reset before the upstream's first byte, or anything better.
void Session::note_outcome() {
  if (endpoint_ == nullptr) {
    return;
  }
  if (cause_ == Cause::kUpstreamReset && from(Side::kUpstream).bytes == 0) {
    endpoint_->early_resets.fetch_add(1, std::memory_order_relaxed);
    endpoint_->early_resets_in_row.fetch_add(1, std::memory_order_relaxed);
    stats_->failures_seen.store(true, std::memory_order_release);
  } else if ((from(Side::kUpstream).bytes > 0 || cause_ == Cause::kFinished) &&
             endpoint_->early_resets_in_row.load(std::memory_order_relaxed) != 0) {
    endpoint_->early_resets_in_row.store(0, std::memory_order_relaxed);
  }
}

}  // namespace ringway::proxy
