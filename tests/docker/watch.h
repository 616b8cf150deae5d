#pragma once

#include <string>

#include "discovery/source/docker.h"
#include "tests/source/watch.h"

namespace ringway::discovery {

class Watch : public EngineWatch {
 public:
  explicit Watch(const std::string& socket, const std::string& network = "") : EngineWatch("docker") {
    start(make_docker_watcher(executor(), {.socket = socket, .network = network}, sink));
  }
};

}  // namespace ringway::discovery
