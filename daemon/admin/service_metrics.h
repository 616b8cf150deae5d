#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "discovery/reconciler.h"

namespace ringway::daemon {

/// The families of metrics that carry the labels `namespace, service, port, protocol`.
[[nodiscard]] std::vector<prometheus::MetricFamily> service_metrics(
    const std::vector<discovery::ServiceView>& services);

}  // namespace ringway::daemon
