#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringway::daemon {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

/// One family of metrics, which becomes text part by part: what it was given since the last time is written and
/// forgotten, so that a large one never stands in memory whole.
class Family {
 public:
  using Label = std::pair<std::string_view, std::string_view>;

  Family(std::string_view name, std::string_view help, prometheus::MetricType type) {
    family_.name = name;
    family_.help = help;
    family_.type = type;
  }

  /// Of a family of counters or gauges. The series has `labels`, and `more` after them.
  void sample(const MetricLabels& labels, std::initializer_list<Label> more, double value);
  void sample(const MetricLabels& labels, double value) { sample(labels, {}, value); }
  /// `bounds` in microseconds; `counts` has one more entry for what is above the last.
  void histogram_us(const MetricLabels& labels, std::span<const std::uint32_t> bounds,
                    std::span<const std::uint64_t> counts, std::uint64_t sum_us);

  /// Appends what was given since the last call to `text`; the head of the family goes before the first of all.
  void write(std::string& text);

 private:
  prometheus::ClientMetric& one(const MetricLabels& labels, std::initializer_list<Label> more);

  prometheus::MetricFamily family_;
  std::size_t used_ = 0;  ///< of the metrics of `family_`: the others wait to be used again, with their memory
  bool begun_ = false;
};

[[nodiscard]] inline Family counters(std::string_view name, std::string_view help) {
  return {name, help, prometheus::MetricType::Counter};
}
[[nodiscard]] inline Family gauges(std::string_view name, std::string_view help) {
  return {name, help, prometheus::MetricType::Gauge};
}
[[nodiscard]] inline Family histograms(std::string_view name, std::string_view help) {
  return {name, help, prometheus::MetricType::Histogram};
}

}  // namespace ringway::daemon
