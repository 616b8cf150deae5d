#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "proxy/core/error.h"

namespace ringway::discovery {

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
};

/// One keep-alive connection to an engine's unix socket: one request at a time. Errors name what was being done.
/// Control thread.
class DockerConnection {
 public:
  DockerConnection(const boost::asio::any_io_executor& executor, std::string path);
  ~DockerConnection();

  /// GET `target`. Connects when not connected; a kept connection that the engine has closed meanwhile is opened anew
  /// once. More than `body_limit` bytes, or no whole answer within `timeout`, is kExhausted; a lost or refused
  /// connection is kUnavailable.
  boost::asio::awaitable<proxy::Result<HttpAnswer>> get(std::string target, std::size_t body_limit,
                                                        std::chrono::milliseconds timeout);

  /// GET `target` whose answer does not end. `timeout` is for connecting and sending; for the answer there is none.
  boost::asio::awaitable<proxy::Result<void>> open_stream(std::string target, std::chrono::milliseconds timeout);
  /// The next line of the stream, without its end. An answer other than 200, the stream's end and a line of more than
  /// kMaxLineLength bytes are errors. Only after `open_stream`.
  boost::asio::awaitable<proxy::Result<std::string>> next_line();

  /// Ends what is under way with an error; the connection can be used no more.
  void close();

  static constexpr std::size_t kMaxLineLength = 1 << 20;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// What an answer other than 200 says, for a person: "500: no such thing".
[[nodiscard]] std::string describe_answer(const HttpAnswer& answer);

}  // namespace ringway::discovery
