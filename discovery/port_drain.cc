#include <algorithm>
#include <chrono>
#include <utility>

#include "discovery/port_runtime.h"

namespace ringway::discovery {
namespace {

/// How soon to look again at an endpoint that is overdue, while a worker still runs a snapshot with it.
constexpr std::chrono::milliseconds kOverdueLook{50};
/// How often to look whether the last session of an endpoint has ended.
constexpr std::chrono::seconds kIdleLook{1};

}  // namespace

void PortRuntime::leave(std::unique_ptr<Endpoint> endpoint, proxy::Time now) {
  endpoint->check.reset();
  if (!endpoint->draining()) {
    endpoint->deadline = drain_deadline(now);
  }
  leaving_.push_back(std::move(endpoint));
}

std::unique_ptr<Endpoint> PortRuntime::make_endpoint(const proxy::SocketAddress& address,
                                                     const Candidate& candidate) const {
  auto endpoint = std::make_unique<Endpoint>();
  endpoint->state = std::make_shared<proxy::EndpointState>(identity_, address, candidate.workload);
  return endpoint;
}

std::unique_ptr<Endpoint> PortRuntime::take_back(const proxy::SocketAddress& address, const Candidate& candidate) {
  const auto back = std::ranges::find_if(leaving_, [&](const auto& endpoint) {
    return endpoint->state->address == address && endpoint->belongs_to(candidate) && !endpoint->closed;
  });
  if (back == leaving_.end()) {
    return make_endpoint(address, candidate);
  }
  std::unique_ptr<Endpoint> endpoint = std::move(*back);
  leaving_.erase(back);
  endpoint->deadline = proxy::Time::max();
  return endpoint;
}

void PortRuntime::retire(std::uint64_t coming, proxy::Time now) {
  for (auto& endpoint : endpoints_) {
    leave(std::move(endpoint), now);
  }
  endpoints_.clear();
  unresolved_.clear();
  mark_published({}, coming, now);
  fronts_.clear();
  service_ = nullptr;
  port_ = nullptr;
  panic_ = false;
  next_turn_ = proxy::Time::max();
  check_.reset();
  ++check_generation_;
}

bool PortRuntime::draining() const {
  return !leaving_.empty() ||
         std::ranges::any_of(endpoints_, [](const auto& endpoint) { return endpoint->draining(); });
}

proxy::Time PortRuntime::expire(proxy::Time now, std::uint64_t in_force) {
  proxy::Time next = proxy::Time::max();
  const auto close_overdue = [this, now, in_force, &next](Endpoint& endpoint) {
    if (!endpoint.draining() || endpoint.closed) {
      return;
    }
    if (endpoint.deadline > now) {
      next = std::min(next, endpoint.deadline);
    } else if (drain_end_ == config::DrainEnd::kKeep) {
      return;
    } else if (!endpoint.unknown_to_workers(in_force)) {
      next = std::min(next, now + kOverdueLook);
    } else {
      endpoint.closed = true;
      if (endpoint.state->active.load(std::memory_order_acquire) != 0) {
        if (drain_end_ == config::DrainEnd::kReset) {
          environment_.output.reset_sessions(endpoint.state, proxy::Cause::kDrained);
        } else {
          environment_.output.close_sessions(endpoint.state, proxy::Cause::kDrained);
        }
      }
    }
  };
  for (const auto& endpoint : endpoints_) {
    close_overdue(*endpoint);
  }
  for (const auto& endpoint : leaving_) {
    close_overdue(*endpoint);
  }
  std::erase_if(leaving_, [in_force](const auto& endpoint) {
    return endpoint->unknown_to_workers(in_force) && endpoint->state->unused();
  });
  if (!leaving_.empty()) {
    next = std::min(next, now + kIdleLook);
  }
  return next;
}

}  // namespace ringway::discovery
