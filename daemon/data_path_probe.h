#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>

#include "daemon/data_path_report.h"
#include "proxy/data_plane.h"

namespace ringway::daemon {

/// Sends bytes through each worker's own listener, its relay, to an echo in this thread, and back, so that "ready"
/// means that bytes flow. Control thread, that of `executor`.
///
/// Where files or sessions have run out no new session can be had by anybody, and what there is goes on: that is said
/// in the note and is no failure.
class DataPathProbe {
 public:
  /// The longest that a look takes, for all workers together: below the second that a kubelet waits by default
  /// (Kubernetes' `timeoutSeconds` of a probe).
  static constexpr std::chrono::milliseconds kLimit{800};
  /// For so long an answer is given again, without another look.
  static constexpr std::chrono::milliseconds kFresh{1'000};

  /// Before the data plane's first `publish`. `plane` must outlive it.
  static proxy::Result<std::unique_ptr<DataPathProbe>> start(const boost::asio::any_io_executor& executor,
                                                             proxy::DataPlane& plane);
  ~DataPathProbe();
  DataPathProbe(const DataPathProbe&) = delete;
  DataPathProbe& operator=(const DataPathProbe&) = delete;

  /// `done` runs once, at once where an answer is fresh; those who ask while a look is under way share it. Not after
  /// the end of this object.
  void check(DataPathAsker done);

 private:
  class State;
  explicit DataPathProbe(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace ringway::daemon
