#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace ringway::discovery {

/// What an event of the engine means here.
enum class DockerAction : std::uint8_t {
  kIgnored,  ///< exec_*, attach, top, resize, image and network events without a container, …
  kStarted,  ///< start: a new run begins
  kSignal,   ///< kill: a signal was sent
  kDied,     ///< die: this run has ended
  kRemoved,  ///< destroy (Docker), remove (Podman)
  kChanged,  ///< anything else that may change what inspect says
};

struct DockerEvent {
  DockerAction action = DockerAction::kIgnored;
  std::string id;            ///< the container's
  std::int64_t time_ns = 0;  ///< the engine's wall clock since 1970
  int signal = 0;            ///< of kSignal; 0 where the engine does not say (Podman)
  std::string exit_code;     ///< of kDied
};

/// Reads one line of `/events`. The error says what is wrong with it.
std::expected<DockerEvent, std::string> parse_docker_event(std::string_view line);

/// Whether `id` may be a container's id: 1 to 128 of [A-Za-z0-9]. Others never get into a request.
[[nodiscard]] bool is_container_id(std::string_view id);

}  // namespace ringway::discovery
