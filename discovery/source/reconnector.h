#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// One connection to a server, from its opening to the break. Control thread.
class SourceSession {
 public:
  virtual ~SourceSession() = default;
  /// Returns why it ended.
  virtual boost::asio::awaitable<std::string> run() = 0;
  /// Makes `run` return soon; from here on it tells no news.
  virtual void end(std::string why) = 0;
};

/// Hears that everything has been told once on this connection, and later of each change of `detail`: the server's name
/// and version, and what is wrong with it.
using Live = std::function<void(const std::string& detail)>;

struct Backoff {
  std::chrono::milliseconds first;  ///< doubles with each connection that breaks, jittered by half
  std::chrono::milliseconds last;   ///< a connection that lasted longer starts again at the first
};

/// Keeps a source connected: opens a session, waits with backoff when it has ended, opens the next, and tells the
/// source's status. Held by its own coroutine too, so it outlives whoever stops it. Control thread.
class Reconnector : public std::enable_shared_from_this<Reconnector> {
 public:
  using Open = std::function<std::shared_ptr<SourceSession>(Live live)>;

  /// `where` is the server's address for a person.
  Reconnector(const boost::asio::any_io_executor& executor, std::string source, std::string where,
              const Backoff& backoff, WorkloadSink& sink, Open open);

  void start();
  /// No news comes after this returns.
  void stop();

 private:
  boost::asio::awaitable<void> run();
  std::chrono::milliseconds jittered(std::chrono::milliseconds backoff);
  void say(bool connected, const std::string& detail);

  boost::asio::any_io_executor executor_;
  std::string source_;
  std::string where_;
  Backoff backoff_;
  WorkloadSink& sink_;
  Open open_;
  boost::asio::steady_timer pause_;
  std::shared_ptr<SourceSession> session_;
  std::minstd_rand random_{std::random_device{}()};
  bool synced_ = false;
  bool stopped_ = false;
};

/// The path in `unix:/run/x.sock`, and in `unix:///run/x.sock` as Docker and crictl write it.
[[nodiscard]] std::string socket_path(const std::string& socket);

}  // namespace ringway::discovery
