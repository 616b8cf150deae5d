#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ringway::discovery {

/// A Docker Engine of words only: it answers as one does, and as one should not. All on the test's io_context.
class FakeEngine {
 public:
  explicit FakeEngine(boost::asio::io_context& context);
  ~FakeEngine();

  [[nodiscard]] std::string socket() const { return "unix:" + path_; }

  /// Listens. `stop` closes the socket's file and every connection, as an engine that ends does.
  void start();
  void stop();

  /// Adds or replaces a container; no event follows of itself.
  void put(const std::string& id, const std::string& state = R"("Status":"running","Running":true)");
  void drop(const std::string& id) { containers_.erase(id); }

  /// Sends an event to every open stream, and keeps it for streams that are opened later.
  void event(const std::string& action, const std::string& id, const std::string& attributes = "");
  /// Sends these bytes as one chunk of every open stream.
  void send(const std::string& bytes);
  /// Whether every open stream takes 16 KiB now without making the sender wait.
  [[nodiscard]] bool can_send() const;
  /// Ends every open stream as a stopping engine does: with no last chunk.
  void cut_streams();
  /// Closes every connection that is no stream, as an engine may do with idle ones.
  void cut_idle();
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }

  /// From now on a request whose target begins with `target` is answered with these bytes, whatever they are, and the
  /// connection is then closed; "" never answers. nullopt: as an engine does.
  void answer(const std::string& target, std::optional<std::string> bytes);
  /// Holds back the answers to requests whose target begins with `target` until `release`.
  void hold(const std::string& target) { held_.insert(target); }
  void release(const std::string& target);

  /// Every target asked for, in order.
  std::vector<std::string> requests;
  [[nodiscard]] std::size_t asked(const std::string& part) const;
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

 private:
  using Socket = boost::asio::local::stream_protocol::socket;
  struct Connection;

  boost::asio::awaitable<void> accept(std::shared_ptr<boost::asio::local::stream_protocol::acceptor> acceptor);
  boost::asio::awaitable<void> serve(std::shared_ptr<Connection> connection);
  boost::asio::awaitable<bool> respond(std::shared_ptr<Connection> connection, std::string target);
  [[nodiscard]] bool is_held(const std::string& target) const;
  std::string body_of(const std::string& target, int& status) const;

  boost::asio::io_context& context_;
  std::string folder_;
  std::string path_;
  std::shared_ptr<boost::asio::local::stream_protocol::acceptor> acceptor_;
  std::map<std::string, std::string> containers_;
  std::multimap<std::int64_t, std::string> past_events_;  ///< by nanoseconds since 1970
  std::map<std::string, std::string> answers_;
  std::set<std::string> held_;
  boost::asio::steady_timer released_;
  std::set<std::shared_ptr<Connection>> connections_;
  std::set<std::shared_ptr<Connection>> streams_;
};

/// An HTTP answer with the right length.
std::string http_answer(int status, const std::string& body);

}  // namespace ringway::discovery
