#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/kubeconfig.h"
#include "discovery/kubernetes/api_connection.h"
#include "discovery/kubernetes/exec_plugin.h"

namespace ringway::discovery {

/// Where a cluster is and how to be let in, as it stands now: what rotates is read again.
///
///   kubeconfig, in-cluster   read at first, and after each `refused` or `unreachable`
///   token file               read for each request, so that it never gets old here
///   exec plugin              run at first, before its credential expires, and after `refused`
///
/// Shared by all connections to one cluster. Control thread.
class Login {
 public:
  using Read = std::function<std::expected<config::ClusterAccess, std::string>()>;

  Login(const boost::asio::any_io_executor& executor, Read read, std::chrono::milliseconds exec_timeout);

  boost::asio::awaitable<proxy::Result<ApiLogin>> get();
  /// The server said 401.
  void refused();
  /// The server could not be reached, or not be trusted.
  void unreachable() { access_.reset(); }
  /// Ends what waits in `get`.
  void stop();

 private:
  boost::asio::awaitable<proxy::Result<void>> renew(config::ClusterAccess access);

  boost::asio::any_io_executor executor_;
  Read read_;
  std::chrono::milliseconds exec_timeout_;
  std::shared_ptr<const config::ClusterAccess> access_;
  std::optional<ExecCredential> credential_;
  bool renewing_ = false;
  bool stopped_ = false;
  boost::asio::steady_timer renewed_;
};

}  // namespace ringway::discovery
