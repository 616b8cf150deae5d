#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "daemon/admin/http.h"
#include "proxy/core/error.h"

namespace ringway::daemon {

/// The HTTP/1.1 server of the admin API. Lives on the control thread's executor.
///
/// On a loopback TCP address it answers only requests whose Host is an address of the loopback, `localhost` or the
/// address that it listens on, so that a web page cannot reach it under a name of its own (DNS rebinding).
class Server {
 public:
  struct Limits {
    /// Connections at a time. One more takes the place of the one that has been silent for longest, else gets 503.
    std::size_t clients = 64;
    std::size_t streams = 16;  ///< of those, event streams
    std::uint32_t header_bytes = 16 * 1024;
    std::size_t body_bytes = 64 * 1024;
    std::chrono::milliseconds idle{30'000};    ///< for a whole request to arrive, from when the last was answered
    std::chrono::milliseconds write{30'000};   ///< for a client to take an answer, or one piece of it
    std::chrono::milliseconds answer{10'000};  ///< for the handler to reply, else 504
    std::chrono::milliseconds ping{15'000};    ///< between two messages of a stream, at most
    std::chrono::milliseconds pace{100};       ///< between two messages of a stream, at least
  };

  /// See `listen_admin` for `where`. `handler` must outlive the server.
  static proxy::Result<std::unique_ptr<Server>> start(const boost::asio::any_io_executor& executor,
                                                      const std::string& where, Handler& handler, const Limits& limits);
  ~Server();

  /// What `--admin` wants to hear.
  [[nodiscard]] const std::string& address() const;
  /// Something changed: streams look for what to send.
  void notify();
  /// Closes all connections and removes the unix socket. No handler is called after this.
  void stop();

 private:
  class Impl;
  explicit Server(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace ringway::daemon
