#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>

#include "config/values.h"
#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// How long a containerd watcher waits for what. The defaults are for use, others for tests.
struct CriTimings {
  std::chrono::milliseconds request{10'000};  ///< for the version, the first answer of a connection
  std::chrono::milliseconds list{5'000};      ///< for the answer to a list; also finds a runtime that hangs
  std::chrono::milliseconds status{2'000};    ///< for the answer about one sandbox or container
  std::chrono::milliseconds poll{1'000};      ///< between two lists where the runtime sends no events
  /// Where it does. The first containerd 1.7 hand each event to one of those who watch, a kubelet perhaps.
  std::chrono::milliseconds relist{5'000};
  std::chrono::milliseconds first_backoff{100};   ///< before the first reconnect; doubles with each, jittered by half
  std::chrono::milliseconds last_backoff{5'000};  ///< a connection that lasted longer starts again at the first
};

/// Watches a runtime of Kubernetes' CRI v1 (containerd 1.6 and later, CRI-O) over its unix socket: lists, then the
/// event stream, or a list each second where the runtime has none. After a break it reconnects with jittered backoff
/// and lists again; what it knew stays meanwhile. The destructor waits, for the moment that it takes, until gRPC's
/// threads have let go of `executor`. Null where this build has no gRPC (config::containerd_built_in).
std::unique_ptr<Watcher> make_containerd_watcher(const boost::asio::any_io_executor& executor,
                                                 const config::ContainerdSource& source, WorkloadSink& sink,
                                                 const CriTimings& timings = {});

}  // namespace ringway::discovery
