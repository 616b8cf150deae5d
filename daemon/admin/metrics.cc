#include "daemon/admin/metrics.h"

#include <prometheus/text_serializer.h>

#include <limits>

#include "daemon/admin/families.h"
#include "daemon/admin/service_metrics.h"
#include "daemon/version.h"

namespace ringway::daemon {

void Family::histogram_us(MetricLabels labels, std::span<const std::uint32_t> bounds,
                          std::span<const std::uint64_t> counts, std::uint64_t sum_us) {
  constexpr double kMicrosecondsInSecond = 1e6;
  auto& histogram = one(std::move(labels)).histogram;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    cumulative += counts[i];
    const double bound =
        i < bounds.size() ? bounds[i] / kMicrosecondsInSecond : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({cumulative, bound});
  }
  histogram.sample_count = cumulative;
  histogram.sample_sum = static_cast<double>(sum_us) / kMicrosecondsInSecond;
}

namespace {

using Families = std::vector<prometheus::MetricFamily>;

void add(Families& out, Family family) {
  if (!family.empty()) {
    out.push_back(std::move(family).take());
  }
}

void add_discovery(const Board& board, Families& out) {
  auto synced = gauges("ringway_discovery_synced", "Whether the source has listed everything and its stream is live.");
  for (const auto& [name, status] : board.sources()) {
    synced.gauge({{"provider", name}}, status.synced && status.connected ? 1 : 0);
  }
  auto events = counters("ringway_discovery_events_total", "News from sources of workloads.");
  for (const auto& [key, count] : board.source_events()) {
    events.counter({{"provider", key.first}, {"type", key.second}}, static_cast<double>(count));
  }
  const auto& tallies = board.tallies();
  auto propagation = histograms("ringway_propagation_seconds",
                                "From the arrival of an event to the snapshot in force in every worker.");
  propagation.histogram_us({}, kPropagationBounds_us, tallies.propagation_buckets, tallies.propagation_us);
  add(out, std::move(synced));
  add(out, std::move(events));
  add(out, std::move(propagation));
}

void add_workers(const Board& board, Families& out) {
  const auto& plane = board.data_plane();
  auto busy = gauges("ringway_worker_busy_ratio", "Share of the last seconds that the worker did not wait.");
  auto sessions = gauges("ringway_worker_sessions_active", "Sessions of the worker now.");
  auto paused = counters("ringway_accepts_paused_total",
                         "Times that accepting stopped for want of file descriptors or session slots.");
  auto exhausted = counters("ringway_buffers_exhausted_total", "Receives that had to wait for a buffer.");
  auto dropped = counters("ringway_access_log_dropped_total", "Ended sessions that the access log missed.");
  std::uint64_t copied = 0;
  std::uint64_t spliced = 0;
  for (std::size_t i = 0; i < plane.worker_count(); ++i) {
    const auto& worker = plane.worker_counters(i);
    const MetricLabels labels = {{"worker", std::to_string(i)}};
    const auto& shares = board.tallies().worker_busy;
    busy.gauge(labels, i < shares.size() ? shares[i] : 0);
    sessions.gauge(labels, static_cast<double>(worker.sessions_active.get()));
    paused.counter(labels, static_cast<double>(worker.accepts_paused.get()));
    exhausted.counter(labels, static_cast<double>(worker.buffers_exhausted.get()));
    dropped.counter(labels, static_cast<double>(worker.access_log_dropped.get()));
    copied += worker.relay_copy_bytes.get();
    spliced += worker.relay_splice_bytes.get();
  }
  auto relayed = counters("ringway_relay_bytes_total", "Bytes relayed, by the path that they took.");
  relayed.counter({{"path", "copy"}}, static_cast<double>(copied));
  relayed.counter({{"path", "splice"}}, static_cast<double>(spliced));
  for (auto* family : {&busy, &sessions, &paused, &exhausted, &dropped, &relayed}) {
    add(out, std::move(*family));
  }
}

void add_daemon(const Board& board, Families& out) {
  const auto& tallies = board.tallies();
  auto reloads = counters("ringway_reloads_total", "Reloads of the configuration.");
  for (const auto result :
       {ReloadReport::Result::kApplied, ReloadReport::Result::kUnchanged, ReloadReport::Result::kRefused}) {
    reloads.counter({{"result", std::string(to_string(result))}},
                    static_cast<double>(tallies.reloads.at(static_cast<std::size_t>(result))));
  }
  auto valid = gauges("ringway_config_valid", "Whether the configuration as it stood at the last try is in force.");
  valid.gauge({}, tallies.config_valid ? 1 : 0);
  auto build = gauges("ringway_build_info", "Always 1; what runs stands in the labels.");
  build.gauge(
      {{"version", std::string(version())}, {"engine", std::string(to_string(board.data_plane().engine().engine))}}, 1);
  auto fallback = gauges("ringway_engine_fallback", "Whether epoll runs because io_uring cannot be had.");
  fallback.gauge({}, board.data_plane().engine().fallback ? 1 : 0);
  const auto steering = board.data_plane().steering();
  auto plain =
      gauges("ringway_steer_fallback",
             "Whether each address has listening sockets of its own because virtualIPs.mode steer cannot be had.");
  plain.gauge({}, steering.wanted && !steering.active ? 1 : 0);
  auto steered = gauges("ringway_steered_addresses", "Addresses whose connections the kernel steers to one socket.");
  steered.gauge({}, static_cast<double>(steering.addresses));
  auto started = gauges("ringway_start_time_seconds", "When the daemon started, in seconds since 1970.");
  started.gauge({}, std::chrono::duration<double>(tallies.started.time_since_epoch()).count());
  for (auto* family : {&reloads, &valid, &build, &fallback, &plain, &steered, &started}) {
    add(out, std::move(*family));
  }
}

}  // namespace

std::string metrics_text(const Board& board) {
  Families families;
  for (auto& family : service_metrics(board.services())) {
    families.push_back(std::move(family));
  }
  add_discovery(board, families);
  add_workers(board, families);
  add_daemon(board, families);
  const prometheus::TextSerializer serializer;
  return static_cast<const prometheus::Serializer&>(serializer).Serialize(families);
}

}  // namespace ringway::daemon
