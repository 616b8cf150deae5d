#pragma once

#include <memory>

#include "proxy/core/error.h"
#include "proxy/ring/engine.h"

namespace ringway::proxy {

/// The io_uring maker of `Ring`, see `make_ring`.
Result<std::unique_ptr<Ring>> make_io_uring_ring(const RingOptions& options, Counter& exhausted);

}  // namespace ringway::proxy
