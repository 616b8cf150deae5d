#pragma once

#include <memory>

#include "daemon/admin/http.h"
#include "daemon/board.h"

namespace ringway::daemon {

inline constexpr char kMetricsContentType[] = "text/plain; version=0.0.4; charset=utf-8";

/// The body of `GET /metrics` (Prometheus exposition format 0.0.4). Read anew from the counters each time, so what
/// belongs to a Service that was removed is gone with it. Each family is of the time when it is written; a Service that
/// comes or goes meanwhile may stand in some of them alone. `board` must outlive the last call of its `next`.
[[nodiscard]] std::unique_ptr<BodySource> make_metrics(const Board& board);

}  // namespace ringway::daemon
