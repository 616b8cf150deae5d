#pragma once

#include <cstdint>
#include <span>

#include "daemon/admin/families.h"
#include "discovery/reconciler.h"

namespace ringway::daemon {

/// A family of which a Service, a port or a route has none, one or several series.
struct PortFamily {
  enum class Of : std::uint8_t {
    kService,  ///< asked of the first port of a Service alone, with the labels `namespace` and `service`
    kPort,
    kRoute,
    kBoth,  ///< ports and routes
  };

  const char* name;
  const char* help;
  prometheus::MetricType type;
  Of of;
  /// `labels` are those of the port, and the route's name. The port runs.
  void (*add)(Family&, const MetricLabels& labels, const discovery::ServicePortView&);
};

struct EndpointFamily {
  const char* name;
  const char* help;
  prometheus::MetricType type;
  /// Whether this endpoint has a series of it; null: each does.
  bool (*has)(const discovery::EndpointView&);
  /// `labels` are those of the port, of the endpoint, and the route's name.
  void (*add)(Family&, const MetricLabels& labels, const discovery::EndpointView&);
};

/// Counters of one endpoint's failures begin when there is something to count: most never do, and with many endpoints
/// they would be most of the text.
[[nodiscard]] std::span<const PortFamily> port_families();
[[nodiscard]] std::span<const EndpointFamily> endpoint_families();

}  // namespace ringway::daemon
