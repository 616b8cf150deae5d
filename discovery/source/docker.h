#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>

#include "config/values.h"
#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// How long a Docker watcher waits for what. The defaults are for use, others for tests.
struct DockerTimings {
  std::chrono::milliseconds request{10'000};  ///< for the answer to a list or an inspect
  std::chrono::milliseconds ping_interval{
      10'000};                                    ///< an event stream may be silent for days: this finds a dead engine
  std::chrono::milliseconds ping{5'000};          ///< for the answer to a ping
  std::chrono::milliseconds first_backoff{100};   ///< before the first reconnect; doubles with each, jittered by half
  std::chrono::milliseconds last_backoff{5'000};  ///< a connection that lasted longer starts again at the first
  std::chrono::milliseconds inspect_backoff{1'000};  ///< before an inspect that failed is made again
};

/// Watches a Docker Engine (API 1.24 or later, negotiated) or Podman's stand-in for it over its unix socket:
/// list and inspect, then the event stream, from the time of the list. After a break it reconnects with jittered
/// backoff and lists again; what it knew stays meanwhile.
std::unique_ptr<Watcher> make_docker_watcher(const boost::asio::any_io_executor& executor,
                                             const config::DockerSource& source, WorkloadSink& sink,
                                             const DockerTimings& timings = {});

}  // namespace ringway::discovery
