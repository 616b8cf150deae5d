#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/board.h"
#include "discovery/health/health_checker.h"
#include "proxy/data_plane.h"

namespace ringway::daemon {

/// What the Supervisor is given, so that tests can give it something else.
struct SupervisorOptions {
  using StartDataPlane =
      std::function<proxy::Result<std::unique_ptr<proxy::DataPlane>>(const proxy::DataPlaneOptions& options)>;
  using MakeHealthChecker = std::function<std::unique_ptr<discovery::HealthChecker>(boost::asio::io_context& context)>;

  std::vector<std::filesystem::path> config_paths;
  StartDataPlane start_data_plane;        ///< default: DataPlane::start
  MakeHealthChecker make_health_checker;  ///< default: the one that probes
  bool handle_signals = true;
  bool watch_files = true;
  /// The longest that an end waits for sessions, whatever `drain.timeout` says.
  std::chrono::milliseconds longest_drain{std::chrono::minutes(10)};
};

/// The daemon: makes the parts, hands news from one to the next, reloads, and ends. One thread, that of `context`.
///
/// SIGTERM and SIGINT drain and end, a second one ends at once; SIGHUP reloads. `context` is stopped at the end and
/// must not run after the Supervisor is gone.
class Supervisor {
 public:
  Supervisor(boost::asio::io_context& context, SupervisorOptions options);
  ~Supervisor();

  /// Everything up to the first snapshot. On failure nothing is left behind; the lines say why.
  std::expected<void, std::vector<std::string>> start();

  [[nodiscard]] Board& board();
  /// For `--admin`. After `start`.
  [[nodiscard]] std::string admin_address() const;
  /// What SIGTERM does.
  void end();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::daemon
