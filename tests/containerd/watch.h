#pragma once

#include <string>

#include "discovery/source/containerd.h"
#include "tests/source/watch.h"

namespace ringway::discovery {

class Watch : public EngineWatch {
 public:
  explicit Watch(const std::string& socket, const CriTimings& timings = {}) : EngineWatch("containerd") {
    start(make_containerd_watcher(executor(), {.socket = socket}, sink, timings));
  }
};

}  // namespace ringway::discovery
