#pragma once

#include <string>
#include <string_view>

#include "proxy/core/error.h"

namespace ringway::discovery {

/// The engine at the other end, and the version of its API to speak with it.
struct DockerVersion {
  std::string api;     ///< "1.41"
  std::string detail;  ///< "Docker 28.5.2, API 1.51"
};

/// Chooses the newest API that both sides know from an answer of `/version`. Fails where there is none: we know 1.24
/// (2016, the oldest with all that is used here) to 1.51.
proxy::Result<DockerVersion> negotiate_docker_version(std::string_view body);

}  // namespace ringway::discovery
