#include "daemon/admin/metrics.h"

#include <chrono>

#include "daemon/admin/families.h"
#include "daemon/admin/service_metrics.h"
#include "daemon/version.h"
#include "proxy/core/clock.h"

namespace ringway::daemon {

namespace {

/// What one piece may take of the control thread, which has changes to put in force.
constexpr std::chrono::microseconds kTurn{500};
/// A piece is sent when it has so much.
constexpr std::size_t kPiece_bytes = 64 * 1024;

void add_discovery(const Board& board, std::string& text) {
  auto synced = gauges("ringway_discovery_synced", "Whether the source has listed everything and its stream is live.");
  for (const auto& [name, status] : board.sources()) {
    synced.sample({{"provider", name}}, status.synced && status.connected ? 1 : 0);
  }
  auto events = counters("ringway_discovery_events_total", "News from sources of workloads.");
  for (const auto& [key, count] : board.source_events()) {
    events.sample({{"provider", key.first}, {"type", key.second}}, static_cast<double>(count));
  }
  const auto& tallies = board.tallies();
  auto propagation = histograms("ringway_propagation_seconds",
                                "From the arrival of an event to the snapshot in force in every worker.");
  propagation.histogram_us({}, kPropagationBounds_us, tallies.propagation_buckets, tallies.propagation_us);
  synced.write(text);
  events.write(text);
  propagation.write(text);
}

void add_workers(const Board& board, std::string& text) {
  const auto& plane = board.data_plane();
  auto busy = gauges("ringway_worker_busy_ratio", "Share of the last seconds that the worker did not wait.");
  auto turns = gauges("ringway_worker_longest_turn_seconds",
                      "The longest time, in the last seconds, that the worker worked between two waits.");
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
    busy.sample(labels, i < shares.size() ? shares[i] : 0);
    const auto& longest_us = board.tallies().worker_longest_turn_us;
    turns.sample(labels, i < longest_us.size() ? static_cast<double>(longest_us[i]) / 1e6 : 0);
    sessions.sample(labels, static_cast<double>(worker.sessions_active.get()));
    paused.sample(labels, static_cast<double>(worker.accepts_paused.get()));
    exhausted.sample(labels, static_cast<double>(worker.buffers_exhausted.get()));
    dropped.sample(labels, static_cast<double>(worker.access_log_dropped.get()));
    copied += worker.relay_copy_bytes.get();
    spliced += worker.relay_splice_bytes.get();
  }
  auto relayed = counters("ringway_relay_bytes_total", "Bytes relayed, by the path that they took.");
  relayed.sample({{"path", "copy"}}, static_cast<double>(copied));
  relayed.sample({{"path", "splice"}}, static_cast<double>(spliced));
  for (auto* family : {&busy, &turns, &sessions, &paused, &exhausted, &dropped, &relayed}) {
    family->write(text);
  }
}

void add_daemon(const Board& board, std::string& text) {
  const auto& tallies = board.tallies();
  auto reloads = counters("ringway_reloads_total", "Reloads of the configuration.");
  for (const auto result :
       {ReloadReport::Result::kApplied, ReloadReport::Result::kUnchanged, ReloadReport::Result::kRefused}) {
    reloads.sample({{"result", std::string(to_string(result))}},
                   static_cast<double>(tallies.reloads.at(static_cast<std::size_t>(result))));
  }
  auto valid = gauges("ringway_config_valid", "Whether the configuration as it stood at the last try is in force.");
  valid.sample({}, tallies.config_valid ? 1 : 0);
  auto build = gauges("ringway_build_info", "Always 1; what runs stands in the labels.");
  build.sample(
      {{"version", std::string(version())}, {"engine", std::string(to_string(board.data_plane().engine().engine))}}, 1);
  auto fallback = gauges("ringway_engine_fallback", "Whether epoll runs because io_uring cannot be had.");
  fallback.sample({}, board.data_plane().engine().fallback ? 1 : 0);
  const auto steering = board.data_plane().steering();
  auto plain =
      gauges("ringway_steer_fallback",
             "Whether each address has listening sockets of its own because virtualIPs.mode steer cannot be had.");
  plain.sample({}, steering.wanted && !steering.active ? 1 : 0);
  auto steered = gauges("ringway_steered_addresses", "Addresses whose connections the kernel steers to one socket.");
  steered.sample({}, static_cast<double>(steering.addresses));
  auto started = gauges("ringway_start_time_seconds", "When the daemon started, in seconds since 1970.");
  started.sample({}, std::chrono::duration<double>(tallies.started.time_since_epoch()).count());
  for (auto* family : {&reloads, &valid, &build, &fallback, &plain, &steered, &started}) {
    family->write(text);
  }
}

class MetricsBody final : public BodySource {
 public:
  explicit MetricsBody(const Board& board) : board_(board), services_(board) {}

  std::optional<std::string> next() override {
    if (whole_) {
      return std::nullopt;
    }
    const proxy::SteadyClock clock;
    const proxy::Time begun = clock.now();
    std::string text;
    while (!whole_ && text.size() < kPiece_bytes && clock.now() - begun < kTurn) {
      if (!services_.step(text)) {
        add_discovery(board_, text);
        add_workers(board_, text);
        add_daemon(board_, text);
        whole_ = true;
      }
    }
    return text;
  }

 private:
  const Board& board_;
  ServiceMetrics services_;
  bool whole_ = false;
};

}  // namespace

std::unique_ptr<BodySource> make_metrics(const Board& board) {
  return std::make_unique<MetricsBody>(board);
}

}  // namespace ringway::daemon
