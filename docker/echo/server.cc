#include "docker/echo/server.h"

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <chrono>
#include <csignal>
#include <sstream>
#include <unordered_set>
#include <utility>

namespace ringway::echo {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

namespace {

using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

/// More of a body than this is refused with 413: what is echoed is held in memory.
constexpr std::uint64_t kMaxBody_bytes = 8 << 20;

/// How long a stop waits for requests that have begun, well within the ten seconds that container engines give.
constexpr std::chrono::seconds kStopLimit{3};

/// The text that Kubernetes' echoserver answers with, field by field.
std::string describe(const Request& request, const tcp::endpoint& client, const std::string& name) {
  const std::string target(request.target());
  const auto question = target.find('?');
  std::ostringstream text;
  text << "\n\nHostname: " << name << "\n\nServer values:\n\tserver_version=ringway-echo\n\nRequest Information:"
       << "\n\tclient_address=" << client.address().to_string() << "\n\tclient_port=" << client.port()
       << "\n\tmethod=" << std::string(request.method_string()) << "\n\treal path=" << target.substr(0, question)
       << "\n\tquery=" << (question == std::string::npos ? "" : target.substr(question + 1))
       << "\n\trequest_version=" << request.version() / 10 << '.' << request.version() % 10
       << "\n\trequest_scheme=http\n\trequest_uri=http://" << std::string(request[http::field::host]) << target
       << "\n\nRequest Headers:\n";
  for (const auto& field : request) {
    std::string header(field.name_string());
    std::ranges::transform(header, header.begin(), [](unsigned char c) { return std::tolower(c); });
    text << '\t' << header << '=' << std::string(field.value()) << '\n';
  }
  text << "\nRequest Body:\n" << (request.body().empty() ? "\t-no body in request-" : request.body()) << "\n\n";
  return text.str();
}

struct Connection {
  explicit Connection(tcp::socket accepted) : socket(std::move(accepted)) {}
  tcp::socket socket;
  bool idle = false;  ///< waits for the first byte of a request
};

}  // namespace

class Server::Impl {
 public:
  explicit Impl(Options options)
      : name_(std::move(options.name)),
        acceptor_(io_, tcp::endpoint(asio::ip::make_address(options.address), options.port)),
        signals_(io_, SIGTERM, SIGINT) {}

  void run() {
    asio::co_spawn(io_, accept(), asio::detached);
    asio::co_spawn(io_, wait_for_signals(), asio::detached);
    io_.run();
  }

  [[nodiscard]] tcp::endpoint where() const { return acceptor_.local_endpoint(); }

 private:
  void serve_new(tcp::socket socket) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    asio::co_spawn(io_, serve(std::make_shared<Connection>(std::move(socket))), asio::detached);
  }

  asio::awaitable<void> accept() {
    boost::system::error_code error;
    while (true) {
      tcp::socket socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::operation_aborted || !acceptor_.is_open()) {
        co_return;
      }
      if (!error) {
        serve_new(std::move(socket));
      }
    }
  }

  asio::awaitable<void> wait_for_signals() {
    co_await signals_.async_wait(asio::use_awaitable);
    stop_accepting();
    for (Connection* const connection : connections_) {
      boost::system::error_code error;
      if (connection->idle && connection->socket.available(error) == 0) {
        connection->socket.cancel(error);
      }
    }
    if (!connections_.empty()) {
      limit_.expires_after(kStopLimit);
      limit_.async_wait([this](const boost::system::error_code& error) { stop_at_once(error); });
      signals_.async_wait([this](const boost::system::error_code& error, int) { stop_at_once(error); });
    }
  }

  void stop_at_once(const boost::system::error_code& error) {
    if (!error) {
      io_.stop();
    }
  }

  /// What stands in the backlog has had its handshake: closing now would reset it.
  void stop_accepting() {
    stopping_ = true;
    boost::system::error_code error;
    acceptor_.non_blocking(true, error);
    while (!error) {
      tcp::socket socket(io_);
      acceptor_.accept(socket, error);
      if (!error) {
        serve_new(std::move(socket));
      }
    }
    acceptor_.close(error);
  }

  asio::awaitable<void> serve(std::shared_ptr<Connection> connection) {
    connections_.insert(connection.get());
    beast::flat_buffer buffer;
    boost::system::error_code error;
    const tcp::endpoint client = connection->socket.remote_endpoint(error);
    bool keep_alive = !error;
    while (keep_alive) {
      keep_alive = co_await serve_one(*connection, buffer, client) && !stopping_;
    }
    connection->socket.shutdown(tcp::socket::shutdown_send, error);
    connections_.erase(connection.get());
    if (stopping_ && connections_.empty()) {
      signals_.cancel(error);
      limit_.cancel();
    }
  }

  /// One request and its answer; false when no other may follow.
  asio::awaitable<bool> serve_one(Connection& connection, beast::flat_buffer& buffer, const tcp::endpoint& client) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(kMaxBody_bytes);
    boost::system::error_code error;
    if (buffer.size() == 0) {
      connection.idle = true;
      co_await connection.socket.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
      connection.idle = false;
    }
    if (error) {
      co_return false;
    }
    co_await http::async_read_header(connection.socket, buffer, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      co_await http::async_read(connection.socket, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    }
    const bool too_much = error == http::error::body_limit;
    if (error && !too_much) {
      co_return false;
    }
    Response response = too_much ? Response(http::status::payload_too_large, 11) : answer(parser.get(), client);
    response.set(http::field::server, "ringway-echo");
    response.set(http::field::content_type, "text/plain");
    response.keep_alive(!too_much && !stopping_ && parser.get().keep_alive());
    response.content_length(response.body().size());
    if (parser.get().method() == http::verb::head) {
      response.body().clear();
    }
    co_await http::async_write(connection.socket, response, asio::redirect_error(asio::use_awaitable, error));
    co_return !error && response.keep_alive();
  }

  Response answer(const Request& request, const tcp::endpoint& client) {
    if (request.target() == "/healthz") {
      return healthy_ ? Response(http::status::ok, 11, "ok\n")
                      : Response(http::status::service_unavailable, 11, "failing, as it was told to\n");
    }
    if (request.method() == http::verb::post && (request.target() == "/fail" || request.target() == "/recover")) {
      healthy_ = request.target() == "/recover";
      return {http::status::ok, 11, healthy_ ? "/healthz answers 200 now\n" : "/healthz answers 503 now\n"};
    }
    return {http::status::ok, 11, describe(request, client, name_)};
  }

  std::string name_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::signal_set signals_;
  asio::steady_timer limit_{io_};
  std::unordered_set<Connection*> connections_;
  bool stopping_ = false;
  bool healthy_ = true;
};

Server::Server(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Server::~Server() = default;
void Server::run() {
  impl_->run();
}

std::string Server::where() const {
  std::ostringstream text;
  text << impl_->where();
  return text.str();
}

}  // namespace ringway::echo
