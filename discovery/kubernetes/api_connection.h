#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "config/kubeconfig.h"
#include "discovery/kubernetes/tls.h"
#include "proxy/core/error.h"

namespace ringway::discovery {

struct ApiAnswer {
  unsigned status = 0;
  std::chrono::milliseconds retry_after{0};  ///< of `Retry-After` in seconds (RFC 9110), 0 = not said
  std::string body;
};

/// Where requests go and in whose name.
struct ApiLogin {
  std::shared_ptr<const config::ClusterAccess> access;
  std::string token;  ///< "" = none
  ClientPair pair;    ///< of an exec plugin
};

/// One keep-alive connection to an API server over HTTP/1.1, with TLS or without: one request at a time. No proxy is
/// asked, whatever the environment says. Errors name what was being done. Control thread.
class ApiConnection {
 public:
  explicit ApiConnection(const boost::asio::any_io_executor& executor);
  ~ApiConnection();

  /// GET `target`. Connects when not connected; a kept connection that the server has closed meanwhile is opened anew
  /// once. More than `body_limit` bytes, or no whole answer within `timeout`, is kExhausted; a lost or refused
  /// connection is kUnavailable; a server that cannot be trusted is kPermission.
  boost::asio::awaitable<proxy::Result<ApiAnswer>> get(ApiLogin login, std::string target, std::size_t body_limit,
                                                       std::chrono::milliseconds timeout);

  /// GET `target` whose answer does not end. With status 200 the lines follow, and `body` is empty; another answer is
  /// whole.
  boost::asio::awaitable<proxy::Result<ApiAnswer>> watch(ApiLogin login, std::string target,
                                                         std::chrono::milliseconds timeout);
  /// The next line; nothing at the stream's end in order. Silence of more than `silence`, and a line of more than
  /// kMaxLineBytes, is kExhausted.
  boost::asio::awaitable<proxy::Result<std::optional<std::string>>> next_line(std::chrono::milliseconds silence);

  /// Ends what is under way with an error; the connection can be used no more.
  void close();
  /// The next request connects anew.
  void drop();

  /// etcd takes objects of 1.5 MiB by default; JSON makes at most some times that of them.
  static constexpr std::size_t kMaxLineBytes = 16 << 20;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::discovery
