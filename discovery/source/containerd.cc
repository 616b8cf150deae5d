#include "discovery/source/containerd.h"

#ifndef RINGWAY_CRI

namespace ringway::discovery {

std::unique_ptr<Watcher> make_containerd_watcher(const boost::asio::any_io_executor&, const config::ContainerdSource&,
                                                 WorkloadSink&, const CriTimings&) {
  return nullptr;
}

}  // namespace ringway::discovery

#endif
