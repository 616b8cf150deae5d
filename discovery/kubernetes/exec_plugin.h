#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "config/kubeconfig.h"
#include "discovery/kubernetes/tls.h"
#include "proxy/core/error.h"

namespace ringway::discovery {

/// What an exec plugin printed (client.authentication.k8s.io, kind ExecCredential).
struct ExecCredential {
  std::string token;
  ClientPair pair;
  std::optional<std::chrono::system_clock::time_point> expires;  ///< nothing: asked again only when refused
};

/// Runs the plugin of `access`, which must have one, without a shell and without input, and reads what it prints; what
/// it says on standard error goes where ours goes. It is killed after `timeout`.
boost::asio::awaitable<proxy::Result<ExecCredential>> run_exec_plugin(boost::asio::any_io_executor executor,
                                                                      config::ClusterAccess access,
                                                                      std::chrono::milliseconds timeout);

/// Reads what a plugin printed.
proxy::Result<ExecCredential> parse_exec_credential(std::string_view json);

}  // namespace ringway::discovery
