#include <algorithm>
#include <string>

#include "tests/sim/checker.h"

// That no more passes than `bandwidth` allows, and that what is held back is not held back for ever.
namespace ringway::sim {
namespace {

/// What a splice may read whatever is left (session_bandwidth.cc).
constexpr std::uint64_t kLeastSplice_bytes = 4096;

std::uint64_t allowed(std::uint64_t rate, Duration elapsed, std::uint64_t beyond) {
  const std::chrono::duration<double> time = elapsed + proxy::kBandwidthBurst;
  return static_cast<std::uint64_t>(time.count() * static_cast<double>(rate)) + beyond + 1;
}

Duration time_for(std::uint64_t bytes, std::uint64_t rate) {
  return std::chrono::nanoseconds(bytes * 1'000'000'000 / rate);
}

}  // namespace

std::uint64_t Checker::most_read() const {
  return std::max<std::uint64_t>(ring_->limits().buffer_bytes, kLeastSplice_bytes);
}

void Checker::note_bandwidth(const Conversation& conversation) {
  if (conversation.bandwidth == nullptr) {
    return;
  }
  for (const std::size_t way : {0U, 1U}) {
    Shared& shared = shared_[conversation.bandwidth.get()][way];
    if (shared.sessions++ == 0) {
      shared.change = services_->bandwidth_changes();
      shared.rate = conversation.bandwidth->rate(way);
      shared.since = timeline_.now();
    }
    shared.beyond += most_read();
  }
}

void Checker::check_bandwidth(EndId end, std::size_t bytes) {
  const Conversation& conversation = *find(end);
  const std::size_t way = end == conversation.client ? 1 : 0;
  const std::uint64_t own = conversation.policy.bandwidth[way];
  const std::uint64_t passed = relayed(end);
  const Duration lasted = timeline_.now() - conversation.established_at;
  if (own > 0 && passed > allowed(own, lasted, most_read())) {
    report(end, std::to_string(passed) + " bytes are passed on in " +
                    std::to_string(lasted / std::chrono::milliseconds(1)) + " ms, at a limit of " +
                    std::to_string(own) + " a second");
  }
  if (conversation.bandwidth == nullptr) {
    return;
  }
  Shared& shared = shared_[conversation.bandwidth.get()][way];
  if (shared.change != services_->bandwidth_changes()) {
    // What was read at the rate before, or while nobody looked, stands in two buffers or in a pipe at the most.
    const std::uint64_t held = 2 * ring_->limits().buffer_bytes + ring_->limits().pipe_bytes;
    shared = {.change = services_->bandwidth_changes(),
              .rate = conversation.bandwidth->rate(way),
              .since = timeline_.now(),
              .sessions = shared.sessions,
              .beyond = shared.sessions * (most_read() + held)};
  }
  shared.bytes += bytes;
  if (shared.rate > 0 && shared.bytes > allowed(shared.rate, timeline_.now() - shared.since, shared.beyond)) {
    report(end, "the sessions of a Service pass on " + std::to_string(shared.bytes) + " bytes, at a limit of " +
                    std::to_string(shared.rate) + " a second");
  }
}

Duration Checker::longest_pause(const Conversation& conversation) const {
  Duration longest{};
  const auto shared = shared_.find(conversation.bandwidth.get());
  for (const std::size_t way : {0U, 1U}) {
    if (const std::uint64_t rate = conversation.policy.bandwidth[way]; rate > 0) {
      longest = std::max(longest, time_for(most_read(), rate));
    }
    const std::uint64_t rate = conversation.bandwidth != nullptr ? conversation.bandwidth->rate(way) : 0;
    if (rate > 0 && shared != shared_.end()) {
      longest = std::max(longest, time_for(2 * shared->second.at(way).beyond, rate));
    }
  }
  return longest;
}

}  // namespace ringway::sim
