#include "discovery/health/outlier_detector.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace ringway::discovery {
namespace {

struct Totals {
  std::uint32_t connections = 0;  ///< attempts that say something of the endpoint
  std::uint32_t failures = 0;
};

Totals totals_of(const proxy::EndpointState& state) {
  Totals totals;
  for (std::size_t i = 0; i < state.connect_failures.size(); ++i) {
    if (is_of_endpoint(static_cast<proxy::ConnectFailure>(i))) {
      totals.failures += state.connect_failures[i].load(std::memory_order_relaxed);
    }
  }
  totals.connections = totals.failures + static_cast<std::uint32_t>(state.connections.load(std::memory_order_relaxed));
  totals.failures += state.early_resets.load(std::memory_order_relaxed);
  return totals;
}

void open_window(std::span<Suspect> suspects) {
  for (Suspect& suspect : suspects) {
    const Totals totals = totals_of(*suspect.state);
    suspect.record->window_connections = totals.connections;
    suspect.record->window_failures = totals.failures;
  }
}

std::string percent(double share) {
  return std::to_string(std::lround(share * 100)) + " %";
}

}  // namespace

std::string_view to_string(EjectionReason reason) {
  constexpr std::array<std::string_view, kEjectionReasonCount> kNames = {"connectFailures", "earlyResets",
                                                                         "successRate"};
  return kNames.at(static_cast<std::size_t>(reason));
}

bool OutlierDetector::look(std::span<Suspect> suspects, const config::OutlierDetection& policy, bool failures_seen,
                           proxy::Time now) {
  policy_ = policy;
  ejected_one_ = false;
  const auto most = static_cast<std::size_t>(policy.max_ejected * static_cast<double>(suspects.size()));
  const auto is_out = [now](const Suspect& one) { return one.record->ejected(now); };
  const auto out = static_cast<std::size_t>(std::ranges::count_if(suspects, is_out));
  room_ = most > out ? most - out : 0;
  healthy_ = static_cast<std::size_t>(
      std::ranges::count_if(suspects, [&](const Suspect& one) { return one.healthy && !is_out(one); }));
  for (Suspect& suspect : suspects) {
    const auto failed = suspect.state->connect_failures_in_row.load(std::memory_order_relaxed);
    const auto reset = suspect.state->early_resets_in_row.load(std::memory_order_relaxed);
    if (policy.connect_failures > 0 && failed >= policy.connect_failures) {
      eject(suspect, EjectionReason::kConnectFailures, std::to_string(failed) + " connects in a row failed", now);
    } else if (policy.early_resets > 0 && reset >= policy.early_resets) {
      eject(suspect, EjectionReason::kEarlyResets,
            std::to_string(reset) + " sessions in a row were reset before a byte came", now);
    }
  }
  if (policy.deviations > 0 && window_began_ && now - *window_began_ >= policy.interval) {
    judge_rates(suspects, now);
    window_began_.reset();
  }
  if (policy.deviations <= 0) {
    window_began_.reset();
  } else if (failures_seen && !window_began_) {
    window_began_ = now;
    open_window(suspects);
  }
  return ejected_one_;
}

void OutlierDetector::judge_rates(std::span<Suspect> suspects, proxy::Time now) {
  std::vector<std::pair<Suspect*, double>> rates;
  double sum = 0;
  for (Suspect& suspect : suspects) {
    const Totals totals = totals_of(*suspect.state);
    const std::uint32_t connections = totals.connections - suspect.record->window_connections;
    const std::uint32_t failures = std::min(totals.failures - suspect.record->window_failures, connections);
    if (connections >= policy_.min_connections) {
      const double rate = 1.0 - static_cast<double>(failures) / static_cast<double>(connections);
      rates.emplace_back(&suspect, rate);
      sum += rate;
    }
  }
  if (rates.size() < policy_.min_endpoints) {
    return;
  }
  const double mean = sum / static_cast<double>(rates.size());
  double squares = 0;
  for (const auto& [suspect, rate] : rates) {
    squares += (rate - mean) * (rate - mean);
  }
  const double limit = mean - policy_.deviations * std::sqrt(squares / static_cast<double>(rates.size()));
  for (const auto& [suspect, rate] : rates) {
    if (rate < limit) {
      eject(*suspect, EjectionReason::kSuccessRate,
            percent(rate) + " of its sessions went well, " + percent(mean) + " are the mean", now);
    }
  }
}

void OutlierDetector::eject(Suspect& suspect, EjectionReason reason, std::string detail, proxy::Time now) {
  OutlierRecord& record = *suspect.record;
  if (record.ejected(now) || room_ == 0 || healthy_ <= (suspect.healthy ? 1U : 0U)) {
    return;
  }
  if (record.until != proxy::Time::min()) {
    const auto quiet = static_cast<std::uint64_t>((now - record.until) / policy_.interval);
    record.times -= static_cast<std::uint32_t>(std::min<std::uint64_t>(record.times, quiet));
  }
  proxy::Duration lasts = policy_.ejection;
  for (std::uint32_t i = 0; i < record.times && lasts < policy_.max_ejection; ++i) {
    lasts *= 2;
  }
  record.until = now + std::min<proxy::Duration>(lasts, policy_.max_ejection);
  record.detail = std::move(detail);
  ++record.times;
  ++record.ejections.at(static_cast<std::size_t>(reason));
  // It begins anew when it is back; what fails meanwhile are attempts of before.
  suspect.state->connect_failures_in_row.store(0, std::memory_order_relaxed);
  suspect.state->early_resets_in_row.store(0, std::memory_order_relaxed);
  --room_;
  healthy_ -= suspect.healthy ? 1 : 0;
  ejected_one_ = true;
}

}  // namespace ringway::discovery
