#include "discovery/kubernetes/api_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <charconv>
#include <utility>

#include "discovery/kubernetes/name_lookup.h"
#include "discovery/kubernetes/tls.h"
#include "discovery/source/http_failure.h"
#include "discovery/source/line_splitter.h"

namespace ringway::discovery {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using proxy::ErrorCode;
using proxy::failure;
using proxy::Result;
using std::chrono::milliseconds;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kChunkBytes = 64 * 1024;
constexpr std::size_t kMaxErrorBody = 64 * 1024;
constexpr milliseconds kErrorBodyTimeout{2000};

std::unexpected<proxy::Error> broken(const std::string& doing, const error_code& error) {
  // A server that ends without TLS' own goodbye has ended all the same.
  return http_failure(doing, error == asio::ssl::error::stream_truncated ? asio::error::eof : error, "the server");
}

/// A peer that answers no probe is given up after 30 + 3 × 10 seconds, whatever is under way.
constexpr int kKeepAliveIdle_s = 30;
constexpr int kKeepAliveInterval_s = 10;
constexpr int kKeepAliveProbes = 3;
constexpr int kUserTimeout_ms = 60'000;

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

 private:
  std::unique_ptr<boost::asio::ssl::context> context_;
  std::optional<Tls> tls_;
  std::optional<Tcp> plain_;
};

proxy::Result<std::unique_ptr<ApiStream>> ApiStream::make(const boost::asio::any_io_executor& executor,
                                                          const config::ClusterAccess& access, const ClientPair& pair) {
  auto made = std::make_unique<ApiStream>();
  if (!access.tls) {
    made->plain_.emplace(executor);
    return made;
  }
  auto context = make_tls_context(access, pair);
  if (!context) {
    return std::unexpected(std::move(context.error()));
  }
  made->context_ = std::move(*context);
  made->tls_.emplace(executor, *made->context_);
  name_server(made->tls_->native_handle(), access);
  return made;
}

void ApiStream::set_options() {
  const int fd = lowest().socket().native_handle();
  const auto set = [fd](int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof(value)); };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle_s);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveInterval_s);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeout_ms);
}

template <typename Fields>
milliseconds retry_after(const Fields& fields) {
  const auto text = fields[http::field::retry_after];
  std::uint32_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(seconds);
}

}  // namespace

class ApiConnection::Impl {
 public:
  explicit Impl(const asio::any_io_executor& executor) : executor_(executor) {}

  asio::awaitable<Result<ApiAnswer>> get(ApiLogin login, std::string target, std::size_t body_limit,
                                         milliseconds timeout) {
    const bool kept = stream_ != nullptr;
    bool answer_began = false;
    auto answer = co_await try_get(login, target, body_limit, timeout, answer_began);
    if (!answer && kept && !answer_began && !closed_ && answer.error().code == ErrorCode::kUnavailable) {
      answer = co_await try_get(login, target, body_limit, timeout, answer_began);
    }
    co_return answer;
  }

  asio::awaitable<Result<ApiAnswer>> watch(ApiLogin login, std::string target, milliseconds timeout) {
    const bool kept = stream_ != nullptr;
    auto answer = co_await try_watch(login, target, timeout);
    if (!answer && kept && !closed_ && answer.error().code == ErrorCode::kUnavailable) {
      answer = co_await try_watch(login, target, timeout);
    }
    co_return answer;
  }

  asio::awaitable<Result<std::optional<std::string>>> next_line(milliseconds silence) {
    while (true) {
      if (auto line = lines_.next()) {
        co_return line;
      }
      if (lines_.overflowed()) {
        drop();
        co_return failure(ErrorCode::kExhausted, "watching: an object of more than 16 MiB");
      }
      if (watch_->is_done()) {
        if (!watch_->get().keep_alive()) {
          drop();
        }
        watch_.reset();
        co_return std::optional<std::string>();
      }
      stream_->expires_after(silence);
      const auto more = co_await read_chunk();
      if (!more) {
        drop();
        co_return std::unexpected(more.error());
      }
      lines_.add(std::string_view(chunk_.data(), *more));
    }
  }

  void close() {
    closed_ = true;
    if (stream_) {
      stream_->close();
    }
    lookup_.cancel();
  }

  void drop() {
    stream_.reset();
    watch_.reset();
    buffer_.clear();
    lines_.clear();
  }

 private:
  using Answer = http::response_parser<http::string_body>;
  using WatchParser = http::response_parser<http::buffer_body>;
  using Tcp = asio::ip::tcp;

  asio::awaitable<Result<ApiAnswer>> try_get(const ApiLogin& login, const std::string& target, std::size_t body_limit,
                                             milliseconds timeout, bool& answer_began) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    auto sent = co_await send(login, target, timeout);
    if (!sent) {
      co_return std::unexpected(std::move(sent.error()));
    }
    Answer parser;
    parser.body_limit(body_limit);
    stream_->expires_at(deadline);
    auto [error, size] =
        co_await stream_->use([&](auto& stream) { return http::async_read(stream, buffer_, parser, kAwait); });
    answer_began = size > 0;
    if (error) {
      drop();
      co_return broken("GET " + target, error);
    }
    ApiAnswer answer{parser.get().result_int(), retry_after(parser.get()), std::move(parser.get().body())};
    if (!parser.get().keep_alive()) {
      drop();
    }
    co_return answer;
  }

  asio::awaitable<Result<ApiAnswer>> try_watch(const ApiLogin& login, const std::string& target, milliseconds timeout) {
    auto sent = co_await send(login, target, timeout);
    if (!sent) {
      co_return std::unexpected(std::move(sent.error()));
    }
    lines_.clear();
    watch_ = std::make_unique<WatchParser>();
    watch_->body_limit(boost::none);
    stream_->expires_after(timeout);
    auto [error, size] =
        co_await stream_->use([&](auto& stream) { return http::async_read_header(stream, buffer_, *watch_, kAwait); });
    if (error) {
      drop();
      co_return broken("GET " + target, error);
    }
    ApiAnswer answer{watch_->get().result_int(), retry_after(watch_->get()), ""};
    if (answer.status != 200) {
      answer.body = co_await error_body();
    }
    co_return answer;
  }

  /// Of an answer to a watch that is none. The connection is not used again.
  asio::awaitable<std::string> error_body() {
    std::string body;
    stream_->expires_after(kErrorBodyTimeout);
    while (!watch_->is_done() && body.size() < kMaxErrorBody) {
      const auto more = co_await read_chunk();
      if (!more) {
        break;
      }
      body.append(chunk_.data(), *more);
    }
    drop();
    co_return body;
  }

  asio::awaitable<Result<void>> send(const ApiLogin& login, const std::string& target, milliseconds timeout) {
    if (closed_) {
      co_return failure(ErrorCode::kUnavailable, "stopped");
    }
    if (!stream_) {
      auto connected = co_await connect(login, timeout);
      if (!connected) {
        stream_.reset();
        co_return connected;
      }
    }
    const config::ClusterAccess& access = *login.access;
    http::request<http::empty_body> request(http::verb::get, access.path_prefix + target, 11);
    const std::string host = access.host.contains(':') ? "[" + access.host + "]" : access.host;
    request.set(http::field::host, host + ":" + std::to_string(access.port));
    request.set(http::field::user_agent, "ringway");
    request.set(http::field::accept, "application/json");
    if (!login.token.empty()) {
      request.set(http::field::authorization, "Bearer " + login.token);
    }
    stream_->expires_after(timeout);
    auto [error, size] =
        co_await stream_->use([&](auto& stream) { return http::async_write(stream, request, kAwait); });
    if (error) {
      drop();
      co_return broken("GET " + target, error);
    }
    co_return Result<void>();
  }

  asio::awaitable<Result<void>> connect(const ApiLogin& login, milliseconds timeout) {
    const std::string doing = "connecting to " + login.access->url();
    buffer_.clear();
    auto resolved = co_await resolve(*login.access, timeout);
    if (!resolved) {
      co_return std::unexpected(std::move(resolved.error()).prefixed(doing));
    }
    if (closed_) {
      co_return failure(ErrorCode::kUnavailable, "stopped");
    }
    auto stream = ApiStream::make(executor_, *login.access, login.pair);
    if (!stream) {
      co_return std::unexpected(std::move(stream.error()).prefixed(doing));
    }
    stream_ = std::move(*stream);
    stream_->expires_after(timeout);
    auto [error, endpoint] = co_await stream_->lowest().async_connect(*resolved, kAwait);
    if (error) {
      co_return broken(doing, error);
    }
    stream_->set_options();
    if (auto* tls = stream_->tls()) {
      auto [refused] = co_await tls->async_handshake(asio::ssl::stream_base::client, kAwait);
      if (refused) {
        const std::string why = why_not_trusted(tls->native_handle());
        co_return why.empty() ? broken(doing, refused) : failure(ErrorCode::kPermission, doing + ": " + why);
      }
    }
    co_return Result<void>();
  }

  asio::awaitable<Result<std::vector<Tcp::endpoint>>> resolve(const config::ClusterAccess& access,
                                                              milliseconds timeout) {
    error_code none;
    if (const auto address = asio::ip::make_address(access.host, none); !none) {
      co_return std::vector<Tcp::endpoint>{Tcp::endpoint(address, access.port)};
    }
    co_return co_await lookup_.find(access.host, access.port, timeout);
  }

  /// How many bytes of `chunk_` it filled.
  asio::awaitable<Result<std::size_t>> read_chunk() {
    watch_->get().body().data = chunk_.data();
    watch_->get().body().size = chunk_.size();
    auto [error, size] =
        co_await stream_->use([&](auto& stream) { return http::async_read_some(stream, buffer_, *watch_, kAwait); });
    if (error && error != http::error::need_buffer) {
      co_return broken("watching", error);
    }
    co_return chunk_.size() - watch_->get().body().size;
  }

  asio::any_io_executor executor_;
  bool closed_ = false;
  std::unique_ptr<ApiStream> stream_;  ///< null where not connected
  NameLookup lookup_{executor_};
  beast::flat_buffer buffer_;
  std::unique_ptr<WatchParser> watch_;
  std::array<char, kChunkBytes> chunk_{};
  LineSplitter lines_{kMaxLineBytes};
};

ApiConnection::ApiConnection(const asio::any_io_executor& executor) : impl_(std::make_unique<Impl>(executor)) {}
ApiConnection::~ApiConnection() = default;

asio::awaitable<Result<ApiAnswer>> ApiConnection::get(ApiLogin login, std::string target, std::size_t body_limit,
                                                      milliseconds timeout) {
  return impl_->get(std::move(login), std::move(target), body_limit, timeout);
}

asio::awaitable<Result<ApiAnswer>> ApiConnection::watch(ApiLogin login, std::string target, milliseconds timeout) {
  return impl_->watch(std::move(login), std::move(target), timeout);
}

asio::awaitable<Result<std::optional<std::string>>> ApiConnection::next_line(milliseconds silence) {
  return impl_->next_line(silence);
}

void ApiConnection::close() {
  impl_->close();
}

void ApiConnection::drop() {
  impl_->drop();
}

}  // namespace ringway::discovery
