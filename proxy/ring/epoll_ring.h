#pragma once

#include <memory>

#include "proxy/core/error.h"
#include "proxy/ring/engine.h"

namespace ringway::proxy {

/// The epoll maker of `Ring`, for where io_uring is forbidden, see `make_ring`.
Result<std::unique_ptr<Ring>> make_epoll_ring(const RingOptions& options, Counter& exhausted);

}  // namespace ringway::proxy
