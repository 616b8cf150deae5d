#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "config/values.h"
#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// Watches a Docker Engine (API 1.24 or later, negotiated) or Podman's stand-in for it over its unix socket:
/// list and inspect, then the event stream, from the time of the list. After a break it reconnects with jittered
/// backoff and lists again; what it knew stays meanwhile.
std::unique_ptr<Watcher> make_docker_watcher(const boost::asio::any_io_executor& executor,
                                             const config::DockerSource& source, WorkloadSink& sink);

}  // namespace ringway::discovery
