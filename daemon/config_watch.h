#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "config/watchlist.h"
#include "proxy/core/error.h"

namespace ringway::daemon {

/// Watches the files of a configuration with inotify(7) and says once that something changed, after a burst of changes
/// has come to rest: a file that is written anew meanwhile is waited for, and not read by half. Control thread.
///
/// Folders are watched, not files, so that a rename over a file (what editors do), a new file that a glob finds, and
/// the swap of the link `..data` (what Kubernetes does with a mounted ConfigMap) are seen. A folder that is not there
/// is waited for in the nearest one above it that is. Where a path leads through a link, so is the folder of that link:
/// another one may be put in its place (`current -> releases/2`).
class ConfigWatch {
 public:
  struct Pace {
    std::chrono::milliseconds quiet{100};      ///< without a change, before `changed` is called
    std::chrono::milliseconds longest{1'000};  ///< from the first change of a burst that does not end
  };

  /// Fails where the limit of inotify instances is reached.
  static proxy::Result<std::unique_ptr<ConfigWatch>> start(const boost::asio::any_io_executor& executor, Pace pace,
                                                           std::function<void()> changed);
  ~ConfigWatch();

  /// Replaces what is watched. Returns what could not be watched, as lines for a person.
  std::vector<std::string> watch(const config::Watchlist& watchlist);

 private:
  class Impl;
  explicit ConfigWatch(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace ringway::daemon
