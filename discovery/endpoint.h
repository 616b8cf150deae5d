#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "discovery/candidates.h"
#include "discovery/drain_marks.h"
#include "discovery/health/health_checker.h"
#include "discovery/health/outlier_detector.h"
#include "proxy/core/clock.h"
#include "proxy/core/snapshot.h"

namespace ringway::discovery {

/// The asking whether an endpoint is well.
struct EndpointCheck {
  std::unique_ptr<HealthChecker::Subscription> current;
  /// A check of before a reload: what it knows holds until `current` knows something.
  std::unique_ptr<HealthChecker::Subscription> old;
  std::uint64_t generation = 0;  ///< that of the port when `current` began
  std::optional<bool> last_up;   ///< the `up` that was last acted on

  /// `next` asks from now on, on behalf of that generation of the port.
  void follow(std::unique_ptr<HealthChecker::Subscription> next, std::uint64_t of_generation) {
    if (current && current->health().up) {
      old = std::move(current);
    }
    current = std::move(next);
    generation = of_generation;
    forget_old();
    last_up = up();
  }
  /// Where it is not needed any more.
  void forget_old() {
    if (current->health().up) {
      old.reset();
    }
  }
  [[nodiscard]] std::optional<bool> up() const {
    const auto known = current->health().up;
    return known || !old ? known : old->health().up;
  }
  /// For a person: what `up` comes from.
  [[nodiscard]] const std::string& detail() const {
    return current->health().up || !old ? current->health().detail : old->health().detail;
  }
};

/// What time and the outcome of sessions made of an endpoint.
struct EndpointHistory {
  OutlierRecord outlier;
  proxy::Time joined = proxy::Time::min();  ///< when it last became well: slow start counts from here
};

/// One endpoint of one port of a Service, as the Reconciler keeps it.
///
///   present ── gone, relabelled, Service removed ──▶ leaving ── limit passed ──▶ closed ── unused ──▶ freed
///      ▲ │                                             │  └─────── unused, no worker knows it ──────────▲
///      │ └ terminating: the same clock, still present  │
///      └───────────── the same workload is back ───────┘
struct Endpoint {
  std::shared_ptr<proxy::EndpointState> state;
  Candidate about;

  std::unique_ptr<EndpointCheck> check;       ///< null: nobody asks whether it is well
  std::unique_ptr<EndpointHistory> history;   ///< null: no slow start, and nothing was found amiss in its Service
  std::optional<DrainLifetime> drained;       ///< by hand
  bool ejected = false;                       ///< when it was last decided who may be picked
  bool well = false;                          ///< then too: ready, up and not ejected
  bool published = false;                     ///< the port's running state names it
  bool in_reserve = false;                    ///< but for retries only
  bool closed = false;                        ///< its sessions were closed, for `deadline` was over
  std::uint64_t without_since = 0;            ///< the first version that does not name it (valid when not published)
  proxy::Time deadline = proxy::Time::max();  ///< when its sessions are closed; max = it does not drain

  /// Nothing where no check of it knows.
  [[nodiscard]] std::optional<bool> up() const { return check ? check->up() : std::nullopt; }
  /// `candidate`, at the same address, is the workload that this endpoint was made for: one of the same identity (be it
  /// renamed) or of the same name (be it made anew).
  [[nodiscard]] bool belongs_to(const Candidate& candidate) const {
    return state->workload == candidate.workload ||
           std::ranges::find_first_of(about.origin.get().owners, candidate.origin.get().owners) !=
               about.origin.get().owners.end();
  }
  /// Up, as far as anybody asks.
  [[nodiscard]] bool passes_check() const { return !check || check->up() == true; }
  [[nodiscard]] bool is_out(proxy::Time now) const { return history && history->outlier.ejected(now); }
  /// May get sessions as far as its source and its operator say.
  [[nodiscard]] bool ready() const { return about.ready && !about.terminating && !drained && about.weight > 0; }
  EndpointHistory& remember() {
    if (!history) {
      history = std::make_unique<EndpointHistory>();
    }
    return *history;
  }
  /// Its source or its check says that it is back: what sessions found out before holds no more.
  void forget_failures() {
    if (history) {
      history->outlier.until = proxy::Time::min();
      history->outlier.times = 0;
    }
    state->connect_failures_in_row.store(0, std::memory_order_relaxed);
    state->early_resets_in_row.store(0, std::memory_order_relaxed);
    state->doubt.clear();
  }
  [[nodiscard]] bool draining() const { return deadline != proxy::Time::max(); }
  /// No worker can pick it any more once `in_force` runs everywhere.
  [[nodiscard]] bool unknown_to_workers(std::uint64_t in_force) const {
    return !published && without_since <= in_force;
  }
};

// There are hundreds of thousands in a large cluster: what few of them have stands behind a pointer.
static_assert(sizeof(Candidate) <= 32 && sizeof(Endpoint) <= 88);

}  // namespace ringway::discovery
