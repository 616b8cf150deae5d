#pragma once

#include <string>

#include "daemon/board.h"

namespace ringway::daemon {

inline constexpr char kMetricsContentType[] = "text/plain; version=0.0.4; charset=utf-8";

/// The text of `GET /metrics` (Prometheus exposition format 0.0.4). Read anew from the counters at every call, so what
/// belongs to a Service that was removed is gone with it.
[[nodiscard]] std::string metrics_text(const Board& board);

}  // namespace ringway::daemon
