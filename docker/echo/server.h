#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace ringway::echo {

struct Options {
  std::string address = "0.0.0.0";
  std::uint16_t port = 8080;  ///< 0 = any free one
  std::string name;           ///< what it calls itself in its answers
};

/// An HTTP/1.1 server that answers with what it was asked, in the words of Kubernetes' echoserver, and with its name.
///
/// `GET /healthz` answers 200, after `POST /fail` 503, after `POST /recover` 200 again. One thread: all members but
/// `run` are for before and after it.
class Server {
 public:
  /// Binds and listens. Throws boost::system::system_error when that fails.
  explicit Server(Options options);
  ~Server();

  /// Serves until SIGTERM or SIGINT; then it answers what has arrived, connections in its backlog included, and
  /// returns, after three seconds at the latest. A second signal returns at once.
  void run();

  /// Where it listens, as `ip:port`.
  [[nodiscard]] std::string where() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::echo
