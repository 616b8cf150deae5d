#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "discovery/source/watcher.h"
#include "tests/source/recording_sink.h"

namespace ringway::discovery {

/// A watcher of a real engine on the test's own thread, and what it has said. Each engine has its own `Watch`.
class EngineWatch {
 public:
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
  /// Reads what has arrived until nothing has for a while: for "and nothing else happens".
  void settle() { context_.run_for(std::chrono::milliseconds(300)); }

  RecordingSink sink;

 protected:
  explicit EngineWatch(const std::string& source) : sink(source) {}

  [[nodiscard]] boost::asio::any_io_executor executor() { return context_.get_executor(); }
  void start(std::unique_ptr<Watcher> watcher) {
    watcher_ = std::move(watcher);
    watcher_->start();
  }

 private:
  boost::asio::io_context context_;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace ringway::discovery
