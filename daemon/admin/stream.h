#pragma once

#include <memory>

#include "daemon/admin/filter.h"
#include "daemon/admin/http.h"
#include "daemon/board.h"

namespace ringway::daemon {

/// The body of `GET /api/v1/stream`, for one client. The first message is `event: snapshot` with the lists `services`,
/// `endpoints`, `workloads` and `events`. Then `event: changes` whenever an object is new or differs in more than its
/// counters: those objects in the same lists, what is gone in `removed`, and the events since. A client that
/// reads so slowly that events fell out of the log in between is told how many, over all Services, in `eventsLost`.
///
/// It remembers one hash for each object, nothing else; `board` must outlive it.
[[nodiscard]] std::unique_ptr<StreamSource> make_board_stream(const Board& board, Filter filter);

}  // namespace ringway::daemon
