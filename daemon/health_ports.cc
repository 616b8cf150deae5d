#include "daemon/health_ports.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <nlohmann/json.hpp>
#include <utility>

namespace ringway::daemon {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
/// A load balancer asks once in a few seconds, over a connection of its own or one that it keeps.
constexpr std::chrono::seconds kSilence{30};
/// Whoever connects has something to ask.
constexpr std::chrono::seconds kFirstSilence{5};
constexpr std::size_t kMaxClients = 64;
constexpr std::uint32_t kMaxHeader = 16U * 1024;
/// After an accept that failed, for want of files mostly.
constexpr std::chrono::milliseconds kPause{50};

http::response<http::string_body> answer(const HealthPorts::Name& name, const HealthPorts::State& state,
                                         unsigned version, bool keep_alive) {
  const bool well = state.local_endpoints > 0 && state.serving;
  http::response<http::string_body> response(well ? http::status::ok : http::status::service_unavailable, version);
  response.set(http::field::content_type, "application/json");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("X-Load-Balancing-Endpoint-Weight", std::to_string(state.local_endpoints));
  nlohmann::ordered_json body;
  body["service"] = {{"namespace", name.ns}, {"name", name.service}};
  body["localEndpoints"] = state.local_endpoints;
  body["serviceProxyHealthy"] = state.serving;
  response.body() = body.dump();
  response.keep_alive(keep_alive);
  response.prepare_payload();
  return response;
}

}  // namespace

/// One listening socket and its clients, which may outlive the owner's interest in it.
class HealthPorts::Port : public std::enable_shared_from_this<HealthPorts::Port> {
 public:
  Port(const asio::any_io_executor& executor, Name name, Ask ask)
      : acceptor_(executor), name_(std::move(name)), ask_(std::move(ask)) {}

  /// "" where it listens now.
  std::string listen(const proxy::SocketAddress& address) {
    sockaddr_storage storage{};
    const socklen_t length = address.fill(storage);
    tcp::endpoint endpoint;
    endpoint.resize(length);
    std::copy_n(reinterpret_cast<const char*>(&storage), length, reinterpret_cast<char*>(endpoint.data()));
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) {
      acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    }
    if (!error && address.ip().is_v6()) {
      acceptor_.set_option(asio::ip::v6_only(true), error);
    }
    if (!error) {
      acceptor_.bind(endpoint, error);
    }
    if (!error) {
      acceptor_.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
      return "health check node port of service " + name_.ns + "/" + name_.service + ": listening on " +
             address.to_string() + ": " + error.message();
    }
    asio::co_spawn(acceptor_.get_executor(), accept(shared_from_this()), asio::detached);
    return "";
  }
  void stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    ask_ = nullptr;
  }

 private:
  static asio::awaitable<void> accept(std::shared_ptr<Port> self) {
    while (self->ask_) {
      auto [error, socket] = co_await self->acceptor_.async_accept(kAwait);
      if (error && self->ask_) {
        asio::steady_timer pause(self->acceptor_.get_executor(), kPause);
        co_await pause.async_wait(kAwait);
      } else if (!error && self->make_room()) {
        ++self->clients_;
        asio::co_spawn(self->acceptor_.get_executor(), serve(self, std::move(socket)), asio::detached);
      }
    }
  }

  /// Where all places are taken, the client that has been silent for longest loses its own.
  bool make_room() {
    if (clients_ < kMaxClients || silent_.empty()) {
      return clients_ < kMaxClients;
    }
    silent_.front()->close();
    silent_.pop_front();
    return true;
  }

  static asio::awaitable<void> serve(std::shared_ptr<Port> self, tcp::socket socket) {
    beast::tcp_stream stream(std::move(socket));
    beast::flat_buffer buffer;
    std::chrono::seconds silence = kFirstSilence;
    for (bool again = true; again;) {
      http::request_parser<http::empty_body> parser;
      parser.header_limit(kMaxHeader);
      stream.expires_after(std::exchange(silence, kSilence));
      self->silent_.push_back(&stream);
      const auto [unread, read] = co_await http::async_read_header(stream, buffer, parser, kAwait);
      self->silent_.remove(&stream);
      if (unread || !self->ask_) {
        break;
      }
      // A body is of no interest, and where it begins the next request would not.
      again = parser.keep_alive() && parser.content_length_remaining().value_or(0) == 0 && !parser.chunked();
      const auto response = answer(self->name_, self->ask_(self->name_), parser.get().version(), again);
      const auto [unsent, sent] = co_await http::async_write(stream, response, kAwait);
      again = again && !unsent;
    }
    boost::system::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    --self->clients_;
  }

  tcp::acceptor acceptor_;
  Name name_;
  Ask ask_;  ///< null once stopped
  std::size_t clients_ = 0;
  std::list<beast::tcp_stream*> silent_;  ///< clients that are to say something, the longest silent first
};

HealthPorts::HealthPorts(asio::any_io_executor executor, Ask ask)
    : executor_(std::move(executor)), ask_(std::move(ask)) {}

HealthPorts::~HealthPorts() {
  for (const auto& [address, port] : ports_) {
    port.second->stop();
  }
}

std::vector<std::string> HealthPorts::follow(const std::map<proxy::SocketAddress, Name>& wanted) {
  std::erase_if(ports_, [&](const auto& entry) {
    const auto still = wanted.find(entry.first);
    const bool gone = still == wanted.end() || still->second != entry.second.first;
    if (gone) {
      entry.second.second->stop();
    }
    return gone;
  });
  std::vector<std::string> failures;
  for (const auto& [address, name] : wanted) {
    if (ports_.contains(address)) {
      continue;
    }
    auto port = std::make_shared<Port>(executor_, name, ask_);
    if (std::string failure = port->listen(address); !failure.empty()) {
      failures.push_back(std::move(failure));
      continue;
    }
    ports_.emplace(address, std::pair(name, std::move(port)));
  }
  return failures;
}

}  // namespace ringway::daemon
