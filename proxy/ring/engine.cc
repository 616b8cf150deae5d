#include "proxy/ring/engine.h"

#include <utility>

#include "proxy/ring/epoll_ring.h"
#include "proxy/ring/io_uring_ring.h"

namespace ringway::proxy {

Result<std::unique_ptr<Ring>> make_ring(Engine engine, const RingOptions& options, Counter& exhausted) {
  auto ring = engine == Engine::kIoUring ? make_io_uring_ring(options, exhausted) : make_epoll_ring(options, exhausted);
  if (!ring) {
    return std::unexpected(std::move(ring.error()).prefixed("starting " + std::string(to_string(engine))));
  }
  return ring;
}

EngineChoice choose_engine(std::optional<Engine> wanted) {
  if (wanted) {
    return {.engine = *wanted, .why = "spec.engine asks for it"};
  }
  Counter exhausted;
  const auto ring =
      make_io_uring_ring({.submission_entries = 8, .completion_entries = 16, .buffer_count = 8}, exhausted);
  if (!ring) {
    return {.engine = Engine::kEpoll, .fallback = true, .why = ring.error().context};
  }
  return {.engine = Engine::kIoUring, .why = "this kernel offers it and no profile forbids it"};
}

}  // namespace ringway::proxy
