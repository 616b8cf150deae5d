#include "daemon/admin/families.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <sstream>

namespace ringway::daemon {

void Family::sample(const MetricLabels& labels, std::initializer_list<Label> more, double value) {
  prometheus::ClientMetric& metric = one(labels, more);
  (family_.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
}

void Family::histogram_us(const MetricLabels& labels, std::span<const std::uint32_t> bounds,
                          std::span<const std::uint64_t> counts, std::uint64_t sum_us) {
  constexpr double kMicrosecondsInSecond = 1e6;
  auto& histogram = one(labels, {}).histogram;
  histogram.bucket.clear();
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

void Family::write(std::string& text) {
  if (used_ == 0) {
    return;
  }
  family_.metric.resize(used_);
  used_ = 0;
  std::vector<prometheus::MetricFamily> families;
  families.push_back(std::move(family_));
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  family_ = std::move(families.front());
  std::string_view lines = out.view();
  if (std::exchange(begun_, true)) {
    // The library writes the line with the type each time.
    lines.remove_prefix(lines.find('\n') + 1);
  }
  family_.help.clear();
  text += lines;
}

prometheus::ClientMetric& Family::one(const MetricLabels& labels, std::initializer_list<Label> more) {
  if (used_ == family_.metric.size()) {
    family_.metric.emplace_back();
  }
  prometheus::ClientMetric& metric = family_.metric[used_++];
  metric.label.resize(labels.size() + more.size());
  auto place = std::ranges::copy(labels, metric.label.begin()).out;
  for (const auto& [name, value] : more) {
    place->name = name;
    place->value = value;
    ++place;
  }
  return metric;
}

}  // namespace ringway::daemon
