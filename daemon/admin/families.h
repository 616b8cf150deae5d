#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ringway::daemon {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

/// One family of metrics under construction.
class Family {
 public:
  Family(std::string name, std::string help, prometheus::MetricType type) {
    family_.name = std::move(name);
    family_.help = std::move(help);
    family_.type = type;
  }

  void counter(MetricLabels labels, double value) { one(std::move(labels)).counter.value = value; }
  void gauge(MetricLabels labels, double value) { one(std::move(labels)).gauge.value = value; }
  /// `bounds` in microseconds; `counts` has one more entry for what is above the last.
  void histogram_us(MetricLabels labels, std::span<const std::uint32_t> bounds, std::span<const std::uint64_t> counts,
                    std::uint64_t sum_us);

  [[nodiscard]] prometheus::MetricFamily take() && { return std::move(family_); }
  [[nodiscard]] bool empty() const { return family_.metric.empty(); }

 private:
  prometheus::ClientMetric& one(MetricLabels labels) {
    auto& metric = family_.metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }

  prometheus::MetricFamily family_;
};

[[nodiscard]] inline Family counters(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Counter};
}
[[nodiscard]] inline Family gauges(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Gauge};
}
[[nodiscard]] inline Family histograms(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Histogram};
}

}  // namespace ringway::daemon
