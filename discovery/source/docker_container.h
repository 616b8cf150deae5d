#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// The Watcher's name.
inline constexpr std::string_view kDockerSource = "docker";

/// What the engine's inspect says of one container, as far as it matters here.
struct DockerContainer {
  std::string id;
  std::string name;  ///< without the leading slash
  Labels labels;
  std::string status;  ///< created, running, paused, restarting, removing, exited, dead
  bool running = false;
  bool paused = false;
  bool restarting = false;
  bool dead = false;
  std::string exit_code;
  std::string health;           ///< starting, healthy, unhealthy; "" or none = no HEALTHCHECK
  std::int64_t started_ns = 0;  ///< the engine's wall clock since 1970; tells one run of a container from the next
  int stop_signal = 0;          ///< 0 = not set
  bool host_network = false;
  std::string network_parent;  ///< the id of the container whose network it shares, else ""
  std::map<std::string, std::vector<proxy::IpAddress>> networks;  ///< addresses by network, at most one a family
};

/// Reads the answer of `/containers/ID/json`; nothing where it is not what inspect answers.
std::optional<DockerContainer> parse_docker_container(std::string_view body);

/// The ids in an answer of `/containers/json`; nothing where it is no list.
std::optional<std::vector<std::string>> parse_docker_list(std::string_view body);

/// `network` is the configured one ("" = bridge where the container has it, else its first by name with an address);
/// `parent` the container named by `network_parent` where it is known.
Workload workload_of(const DockerContainer& container, const DockerContainer* parent, const std::string& network);

}  // namespace ringway::discovery
