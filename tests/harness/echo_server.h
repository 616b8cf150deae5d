#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "proxy/core/address.h"
#include "tests/harness/fd.h"

namespace ringway::test {

using proxy::SocketAddress;

/// What a server does with each connection.
enum class Mode : std::uint8_t {
  kEcho,           ///< sends back what comes, and FIN after FIN
  kGreet,          ///< says its name and a line feed first, then as kEcho
  kHttp,           ///< answers each HTTP request with its name; `/healthz` with the status set by `set_healthy`
  kFinFirst,       ///< says its name and FIN at once, then reads a verified stream until FIN
  kSink,           ///< reads a verified stream, sends nothing but FIN after FIN
  kDuplex,         ///< reads one verified stream and sends another of `bytes` and FIN, both at once
  kLateReader,     ///< reads nothing until `resume`, then as kSink without verifying
  kResetOnAccept,  ///< RST at once
  kResetAfter,     ///< after `bytes` have come: says its name, then RST once the peer's kernel has it
  kSilent,         ///< accepts and reads, never says anything, not even FIN
  kNeverAccept,    ///< its backlog is full, so a connect is not answered at all
};

struct ServerOptions {
  Mode mode = Mode::kGreet;
  std::string name = "server";
  std::uint64_t bytes = 0;
  SocketAddress at;        ///< default: an endpoint address of ours, any port
  bool tell_peer = false;  ///< its name is followed by the IP address of who connected: "server 10.0.0.1"
};

/// A TCP server in this process: one thread, any number of connections.
class EchoServer {
 public:
  explicit EchoServer(ServerOptions options);
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;
  /// Ends every connection with RST, as the death of a process with unread data does.
  ~EchoServer();

  [[nodiscard]] const SocketAddress& address() const { return address_; }
  [[nodiscard]] const std::string& name() const { return options_.name; }

  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
  [[nodiscard]] std::uint64_t open() const { return open_; }
  [[nodiscard]] std::uint64_t received_bytes() const { return received_; }
  /// Connections that ended with FIN, all their streams right and whole.
  [[nodiscard]] std::uint64_t finished() const { return finished_; }
  [[nodiscard]] std::uint64_t resets() const { return resets_; }
  /// Verified streams in which a byte was wrong.
  [[nodiscard]] std::uint64_t wrong() const { return wrong_; }

  /// kLateReader begins to read.
  void resume() { resumed_ = true; }
  /// kHttp: `/healthz` answers 200 or 503.
  void set_healthy(bool healthy) { healthy_ = healthy; }

 private:
  struct Connection;
  void serve();
  void accept_all();
  /// False when the connection is over.
  bool read_some(Connection& connection);
  bool take(Connection& connection, std::string_view bytes);
  bool write_some(Connection& connection);
  void answer_http(Connection& connection);
  void watch(Connection& connection);
  void end(int fd, bool reset);

  ServerOptions options_;
  SocketAddress address_;
  Fd listener_;
  Fd filler_;  ///< kNeverAccept: fills the backlog
  Fd epoll_;
  Fd wake_;
  std::map<int, std::unique_ptr<Connection>> connections_;
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> open_{0};
  std::atomic<std::uint64_t> received_{0};
  std::atomic<std::uint64_t> finished_{0};
  std::atomic<std::uint64_t> resets_{0};
  std::atomic<std::uint64_t> wrong_{0};
  std::atomic<bool> resumed_{false};
  std::atomic<bool> healthy_{true};
  std::atomic<bool> stopping_{false};
  std::jthread thread_;
};

}  // namespace ringway::test
