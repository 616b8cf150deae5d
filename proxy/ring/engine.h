#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/core/counters.h"
#include "proxy/core/error.h"
#include "proxy/ring/ring.h"

namespace ringway::proxy {

/// The makers of a ring over the real kernel.
enum class Engine : std::uint8_t { kIoUring, kEpoll };

[[nodiscard]] constexpr std::string_view to_string(Engine engine) {
  return engine == Engine::kIoUring ? "io_uring" : "epoll";
}

struct RingOptions {
  std::uint32_t submission_entries = 1024;
  std::uint32_t completion_entries = 16'384;  ///< more than one batch of accepts, receives and sends can bring
  std::uint32_t buffer_count = 16'384;        ///< the most that slow readers can hold; further receives wait
  std::uint32_t buffer_bytes = 16'384;
  std::uint32_t pipe_count = 256;  ///< directions that splice while their reader is slow; further ones copy
  std::uint32_t pipe_bytes = 262'144;
  std::uint32_t backlog = 65'535;          ///< of a listening socket; the kernel cuts it to net.core.somaxconn
  std::chrono::microseconds busy_poll{0};  ///< how long a wait asks again and again before it sleeps
};

/// Makes a ring for the calling thread. io_uring fails where the kernel is older than 6.1, or a seccomp profile or
/// kernel.io_uring_disabled forbids it, and the error says which. `exhausted` counts the receives that had to wait for
/// a buffer.
Result<std::unique_ptr<Ring>> make_ring(Engine engine, const RingOptions& options, Counter& exhausted);

struct EngineChoice {
  Engine engine = Engine::kIoUring;
  bool fallback = false;  ///< io_uring was wanted and cannot be had
  std::string why;        ///< for a person; of a fallback also what to do
};

/// `wanted`, else io_uring where this kernel lets us make a ring, else epoll. Any thread.
EngineChoice choose_engine(std::optional<Engine> wanted);

}  // namespace ringway::proxy
