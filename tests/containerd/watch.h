#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "discovery/source/containerd.h"
#include "tests/source/recording_sink.h"

namespace ringway::discovery {

/// A watcher on the test's own thread, and what it has said.
class Watch {
 public:
  explicit Watch(const std::string& socket, const CriTimings& timings = {})
      : watcher_(make_containerd_watcher(context_.get_executor(), {.socket = socket}, sink, timings)) {
    watcher_->start();
  }

  /// Runs the watcher until `holds`; false when it does not within the deadline.
  bool until(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) {
        return false;
      }
      context_.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  bool until_connected(bool connected = true) {
    return until([this, connected] { return sink.last_status.connected == connected; });
  }
  bool until_ready(const std::string& name) {
    return until([&] { return sink.ready(name); });
  }
  bool until_reason(const std::string& name, const std::string& reason) {
    return until([&] { return sink.reason(name) == reason; });
  }

  RecordingSink sink{"containerd"};

 private:
  boost::asio::io_context context_;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace ringway::discovery
