#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "config/kubeconfig.h"
#include "discovery/kubernetes/tls.h"

namespace ringway::discovery {

/// A TCP stream with TLS or without, not connected yet: one of two types behind one name.
class ApiStream {
 public:
  using Tcp = boost::beast::tcp_stream;
  using Tls = boost::beast::ssl_stream<Tcp>;

  /// Fails where a certificate or key cannot be read.
  static proxy::Result<std::unique_ptr<ApiStream>> make(const boost::asio::any_io_executor& executor,
                                                        const config::ClusterAccess& access, const ClientPair& pair);

  /// Calls `operation` with the stream that it is.
  template <typename Operation>
  auto use(Operation operation) {
    return tls_ ? operation(*tls_) : operation(*plain_);
  }
  [[nodiscard]] Tcp& lowest() { return tls_ ? tls_->next_layer() : *plain_; }
  /// Null without TLS.
  [[nodiscard]] Tls* tls() { return tls_ ? &*tls_ : nullptr; }

  void expires_after(std::chrono::milliseconds limit) { lowest().expires_after(limit); }
  void expires_at(std::chrono::steady_clock::time_point when) { lowest().expires_at(when); }
  void close() { lowest().close(); }
  /// Once connected: no delay, and keep-alive that finds a peer which is gone.
  void set_options();
  /// After a handshake that failed: what is wrong with the server's certificate, "" where it was something else.
  [[nodiscard]] std::string why_not_trusted();

 private:
  std::unique_ptr<boost::asio::ssl::context> context_;
  std::optional<Tls> tls_;
  std::optional<Tcp> plain_;
};

}  // namespace ringway::discovery
