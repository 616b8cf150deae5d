#include "tests/kubernetes/server/api_server.h"

#include <fcntl.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <future>
#include <optional>
#include <set>
#include <sstream>
#include <thread>
#include <tuple>
#include <utility>

namespace ringway::test {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr const char* kStreamHead =
    "HTTP/1.1 200 OK\r\nCache-Control: no-cache, private\r\nContent-Type: application/json\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

std::string chunk(const std::string& bytes) {
  std::ostringstream text;
  text << std::hex << bytes.size() << "\r\n" << bytes << "\r\n";
  return text.str();
}

/// Asio does not: a program that a test starts would hold the listener and the connections open.
template <typename Socket>
void keep_from_children(Socket& socket) {
  fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
}

struct Scripted {
  std::string target;
  std::string bytes;
  int times = 0;
};

}  // namespace

std::string http_answer(int status, const std::string& body, const std::string& more_headers) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         more_headers + "\r\n" + body;
}

std::string tls_file(const std::string& name) {
  return std::string(RINGWAY_TLS_FOLDER) + "/" + name;
}

class ApiServer::Impl {
 public:
  explicit Impl(ApiServerOptions options) : options_(std::move(options)), tls_(asio::ssl::context::tls_server) {
    if (options_.tls) {
      tls_.use_certificate_chain_file(tls_file("server.pem"));
      tls_.use_private_key_file(tls_file("server.key"), asio::ssl::context::pem);
      if (options_.client_certificate) {
        tls_.load_verify_file(tls_file("ca.pem"));
        tls_.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
      }
    }
    reserve();
    listen();
    thread_ = std::thread([this] {
      const auto work = asio::make_work_guard(context_);
      context_.run();
    });
  }

  /// Runs `what` on the server's thread and waits for it.
  template <typename What>
  auto call(What what) {
    std::packaged_task<decltype(what())()> task(std::move(what));
    auto result = task.get_future();
    asio::post(context_, [&task] { task(); });
    return result.get();
  }

  ~Impl() {
    call([this] { close_all(); });
    context_.stop();
    thread_.join();
  }

  struct Connection {
    Connection(asio::io_context& context, asio::ssl::context& tls, Tcp::socket accepted)
        : stream(std::move(accepted), tls), wake(context, asio::steady_timer::time_point::max()) {}
    asio::ssl::stream<Tcp::socket> stream;
    std::optional<ApiRequest> watch;
    std::string pending;  ///< to be sent to the watch
    bool end = false;
    bool cut = false;
    asio::steady_timer wake;

    void close() {
      boost::system::error_code ignored;
      stream.next_layer().close(ignored);
      wake.cancel();
    }
  };
  using Shared = std::shared_ptr<Connection>;

  /// Holds the port without listening, so that it refuses and nobody else gets it.
  void reserve() {
    acceptor_ = std::make_shared<Tcp::acceptor>(context_);
    const Tcp::endpoint at(asio::ip::make_address_v4(options_.ip), port_);
    acceptor_->open(at.protocol());
    keep_from_children(*acceptor_);
    acceptor_->set_option(Tcp::acceptor::reuse_address(true));
    acceptor_->bind(at);
    port_ = acceptor_->local_endpoint().port();
  }

  void listen() {
    acceptor_->listen();
    asio::co_spawn(context_, accept(acceptor_), asio::detached);
  }

  void close_all() {
    boost::system::error_code ignored;
    acceptor_->close(ignored);
    for (const auto& connection : connections_) {
      connection->close();
    }
  }

  asio::awaitable<void> accept(std::shared_ptr<Tcp::acceptor> acceptor) {
    while (true) {
      auto [error, socket] = co_await acceptor->async_accept(kAwait);
      if (error) {
        co_return;
      }
      keep_from_children(socket);
      ++accepted_;
      auto connection = std::make_shared<Connection>(context_, tls_, std::move(socket));
      connections_.insert(connection);
      asio::co_spawn(context_, serve(connection), [this, connection](const std::exception_ptr&) {
        connection->close();
        connections_.erase(connection);
      });
    }
  }

  asio::awaitable<bool> write(Connection& connection, std::string bytes) {
    const auto buffer = asio::buffer(bytes);
    if (options_.tls) {
      auto [error, size] = co_await asio::async_write(connection.stream, buffer, kAwait);
      co_return !error;
    }
    auto [error, size] = co_await asio::async_write(connection.stream.next_layer(), buffer, kAwait);
    co_return !error;
  }

  asio::awaitable<void> serve(Shared connection) {
    if (options_.tls) {
      auto [error] = co_await connection->stream.async_handshake(asio::ssl::stream_base::server, kAwait);
      if (error) {
        co_return;
      }
    }
    boost::beast::flat_buffer buffer;
    bool more = true;
    while (more) {
      http::request<http::string_body> request;
      boost::system::error_code error;
      if (options_.tls) {
        std::tie(error, std::ignore) = co_await http::async_read(connection->stream, buffer, request, kAwait);
      } else {
        std::tie(error, std::ignore) =
            co_await http::async_read(connection->stream.next_layer(), buffer, request, kAwait);
      }
      if (error) {
        co_return;
      }
      more =
          co_await respond(connection, std::string(request.target()), std::string(request[http::field::authorization]));
    }
  }

  asio::awaitable<bool> respond(Shared connection, std::string target, std::string authorization) {
    requests_.push_back(target);
    if (silent_) {
      co_await connection->wake.async_wait(kAwait);
      co_return false;
    }
    for (Scripted& one : scripted_) {
      if (one.times > 0 && target.starts_with(one.target)) {
        --one.times;
        co_await write(*connection, one.bytes);
        co_return false;
      }
    }
    if (!token_.empty() && authorization != "Bearer " + token_) {
      co_return co_await write(*connection, http_answer(401, recorded("v1.36/error-401-bad-token.json")));
    }
    if (target == "/version") {
      co_return co_await write(*connection, http_answer(200, recorded("v1.36/version.json")));
    }
    const ApiRequest request = parse_request(target);
    if (request.query.contains("watch")) {
      co_return co_await watch(connection, request);
    }
    const auto answer = objects_.list(request);
    if (answer.status != 200) {
      co_return co_await write(*connection, http_answer(answer.status, answer.body));
    }
    co_return co_await write(*connection, kStreamHead + chunk(answer.body) + chunk(""));
  }

  asio::awaitable<bool> watch(Shared connection, ApiRequest request) {
    const std::int64_t version = std::stoll(request.query.at("resourceVersion"));
    connection->pending = objects_.past(request, version);
    connection->watch = std::move(request);
    bool right = co_await write(*connection, kStreamHead);
    while (right && !connection->cut) {
      std::string bytes = std::exchange(connection->pending, {});
      if (cut_after_ && !bytes.empty()) {
        co_await write(*connection, chunk(bytes.substr(0, *std::exchange(cut_after_, {}))));
        co_return false;
      }
      while (right && !bytes.empty()) {
        const std::size_t size = piece_ == 0 ? bytes.size() : std::min(piece_, bytes.size());
        right = co_await write(*connection, chunk(bytes.substr(0, size)));
        bytes.erase(0, size);
      }
      if (connection->pending.empty() && connection->end) {
        break;
      }
      if (connection->pending.empty() && right && !connection->cut) {
        co_await connection->wake.async_wait(kAwait);
        right = connection->stream.next_layer().is_open();
      }
    }
    connection->watch.reset();
    if (connection->cut || !right) {
      co_return false;
    }
    connection->end = false;
    co_return co_await write(*connection, chunk(""));
  }

  void tell(const ApiObjects::Event& event) { send(event.resource, event.ns, event.line); }

  void send(const std::string& resource, const std::string& ns, const std::string& bytes) {
    for (const auto& connection : connections_) {
      const auto& watch = connection->watch;
      if (watch && watch->resource == resource && (watch->ns.empty() || ns.empty() || watch->ns == ns)) {
        connection->pending += bytes;
        connection->wake.cancel();
      }
    }
  }

  friend class ApiServer;

 private:
  ApiServerOptions options_;
  asio::io_context context_;
  asio::ssl::context tls_;
  std::uint16_t port_ = 0;
  std::shared_ptr<Tcp::acceptor> acceptor_;
  std::set<Shared> connections_;
  ApiObjects objects_;
  std::vector<Scripted> scripted_;
  std::vector<std::string> requests_;
  std::string token_;
  std::size_t piece_ = 0;
  std::size_t accepted_ = 0;
  std::optional<std::size_t> cut_after_;
  bool silent_ = false;
  std::thread thread_;
};

ApiServer::ApiServer(ApiServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
ApiServer::~ApiServer() = default;

std::uint16_t ApiServer::port() const {
  return impl_->call([this] { return impl_->port_; });
}
std::string ApiServer::url() const {
  return std::string(impl_->options_.tls ? "https" : "http") + "://" + impl_->options_.ip + ":" +
         std::to_string(port());
}
std::string ApiServer::kubeconfig(const std::string& user, const std::string& cluster) const {
  std::string more = cluster;
  if (more.empty() && impl_->options_.tls) {
    more = "certificate-authority: " + tls_file("ca.pem");
  }
  return "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
         "contexts: [{name: here, context: {cluster: one, user: me}}]\n"
         "clusters: [{name: one, cluster: {server: \"" +
         url() + "\"" + (more.empty() ? "" : ", " + more) + "}}]\nusers: [{name: me, user: " + user + "}]\n";
}

void ApiServer::put(const std::string& resource, const nlohmann::json& object) {
  impl_->call([&] { impl_->tell(impl_->objects_.put(resource, object)); });
}
void ApiServer::drop(const std::string& resource, const std::string& id) {
  impl_->call([&] { impl_->tell(impl_->objects_.drop(resource, id)); });
}
void ApiServer::put_all(const std::string& resource, const std::string& recorded_list) {
  const auto list = nlohmann::json::parse(recorded(recorded_list));
  for (const auto& item : list["items"]) {
    put(resource, item);
  }
}
void ApiServer::bookmark(const std::string& resource) {
  impl_->call([&] { impl_->tell(impl_->objects_.bookmark(resource)); });
}
void ApiServer::compact() {
  impl_->call([&] { impl_->objects_.compact(); });
}
void ApiServer::send(const std::string& resource, const std::string& bytes) {
  impl_->call([&] { impl_->send(resource, "", bytes); });
}
void ApiServer::set_piece(std::size_t bytes) {
  impl_->call([&] { impl_->piece_ = bytes; });
}
void ApiServer::cut_next_event_after(std::size_t bytes) {
  impl_->call([&] { impl_->cut_after_ = bytes; });
}
void ApiServer::end_watches() {
  impl_->call([&] {
    for (const auto& connection : impl_->connections_) {
      connection->end = connection->watch.has_value();
      connection->wake.cancel();
    }
  });
}
void ApiServer::cut_watches() {
  impl_->call([&] {
    for (const auto& connection : impl_->connections_) {
      connection->cut = connection->watch.has_value();
      connection->wake.cancel();
    }
  });
}
void ApiServer::answer(const std::string& target, const std::string& bytes, int times) {
  impl_->call([&] { impl_->scripted_.push_back({target, bytes, times}); });
}
void ApiServer::fall_silent(bool silent) {
  impl_->call([&] { impl_->silent_ = silent; });
}
void ApiServer::require_token(const std::string& token) {
  impl_->call([&] { impl_->token_ = token; });
}
void ApiServer::stop() {
  impl_->call([&] {
    impl_->close_all();
    impl_->reserve();
  });
}
void ApiServer::start() {
  impl_->call([&] { impl_->listen(); });
}
std::vector<std::string> ApiServer::requests() const {
  return impl_->call([this] { return impl_->requests_; });
}
std::size_t ApiServer::asked(const std::string& part) const {
  const auto all = requests();
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [&](const std::string& one) { return one.find(part) != std::string::npos; }));
}
std::size_t ApiServer::watches() const {
  return impl_->call([this] {
    return static_cast<std::size_t>(
        std::ranges::count_if(impl_->connections_, [](const auto& one) { return one->watch.has_value(); }));
  });
}
std::size_t ApiServer::accepted() const {
  return impl_->call([this] { return impl_->accepted_; });
}

}  // namespace ringway::test
