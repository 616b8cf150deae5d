#include "daemon/admin/server.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "daemon/admin/host_check.h"
#include "daemon/admin/listen.h"
#include "daemon/text.h"
#include "daemon/url.h"

namespace ringway::daemon {

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::steady_clock;

using Stream = beast::basic_stream<net::generic::stream_protocol>;
using Message = http::response<http::string_body>;
constexpr auto kAwait = net::as_tuple(net::use_awaitable);

/// How long accepting rests after a failure (no file descriptor is free, for one).
constexpr std::chrono::milliseconds kAcceptRest{100};
/// A stream uses at most this share of the control thread: 1 / kStreamShare.
constexpr int kStreamShare = 10;
constexpr char kSecurityPolicy[] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

Response refusal(unsigned status, const std::string& what) {
  Response response;
  response.status = status;
  response.body = to_line({{"error", what}}) + "\n";
  return response;
}

/// What a request that could not be read deserves; 0 where nobody is there to hear it.
unsigned status_of(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return 431;
  }
  if (error == http::error::body_limit) {
    return 413;
  }
  const bool unheard = error == http::error::end_of_stream || error == http::error::partial_message;
  return error.category() == http::make_error_code(http::error::bad_method).category() && !unheard ? 400 : 0;
}

void set_common(http::fields& fields, const Response& response) {
  fields.set(http::field::content_type, response.content_type);
  fields.set(http::field::cache_control, "no-store");
  fields.set("X-Content-Type-Options", "nosniff");
  fields.set("Content-Security-Policy", kSecurityPolicy);
  if (!response.allow.empty()) {
    fields.set(http::field::allow, response.allow);
  }
}

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(net::any_io_executor executor, AdminListener listener, Handler& handler, const Limits& limits)
      : executor_(std::move(executor)), listener_(std::move(listener)), handler_(handler), limits_(limits) {}

  void start() { spawn(accept_all(shared_from_this())); }

  void stop() {
    stopped_ = true;
    error_code ignored;
    listener_.acceptor.close(ignored);
    listener_.remove_file();
    for (auto* stream : open_) {
      stream->close();
    }
    notify();
  }

  void notify() {
    ++news_;
    for (auto* timer : waiting_streams_) {
      timer->cancel();
    }
  }

  [[nodiscard]] const std::string& address() const { return listener_.address; }

 private:
  /// Keeps a connection in a set for as long as it lives.
  template <typename T>
  class Entry {
   public:
    Entry(std::set<T*>& all, T& one) : all_(all), one_(one) { all_.insert(&one_); }
    ~Entry() { all_.erase(&one_); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    std::set<T*>& all_;
    T& one_;
  };

  /// Every coroutine that is spawned holds a share of this object as its first parameter, so that it outlives them all.
  void spawn(net::awaitable<void> work) { net::co_spawn(executor_, std::move(work), net::detached); }

  net::awaitable<void> accept_all([[maybe_unused]] std::shared_ptr<Impl> self) {
    while (!stopped_) {
      auto [error, socket] = co_await listener_.acceptor.async_accept(kAwait);
      if (stopped_) {
        co_return;
      }
      if (error) {
        net::steady_timer rest(executor_, kAcceptRest);
        co_await rest.async_wait(kAwait);
        continue;
      }
      if (open_.size() >= limits_.clients && !silent_.empty()) {
        // Its coroutine hears of the end when it runs next, and leaves then.
        silent_.front()->close();
        silent_.pop_front();
        spawn(serve(self, Stream(std::move(socket))));
      } else if (open_.size() >= limits_.clients) {
        spawn(turn_away(self, Stream(std::move(socket))));
      } else {
        spawn(serve(self, Stream(std::move(socket))));
      }
    }
  }

  net::awaitable<void> turn_away([[maybe_unused]] std::shared_ptr<Impl> self, Stream stream) {
    const Response busy = refusal(503, "too many clients, at most " + std::to_string(limits_.clients));
    co_await write(stream, busy, 11, false, false);
    close(stream);
  }

  net::awaitable<void> serve([[maybe_unused]] std::shared_ptr<Impl> self, Stream stream) {
    const Entry<Stream> entry(open_, stream);
    beast::flat_buffer buffer(limits_.header_bytes + limits_.body_bytes);
    bool again = true;
    while (again && !stopped_) {
      again = co_await serve_one(stream, buffer);
    }
    close(stream);
  }

  /// One request and its answer; whether another may follow on the connection.
  net::awaitable<bool> serve_one(Stream& stream, beast::flat_buffer& buffer) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(limits_.header_bytes);
    parser.body_limit(limits_.body_bytes);
    stream.expires_after(limits_.idle);
    silent_.push_back(&stream);
    const auto [error, count] = co_await http::async_read(stream, buffer, parser, kAwait);
    silent_.remove(&stream);
    if (error) {
      if (const unsigned status = status_of(error); status != 0) {
        const Response answer = refusal(status, error.message());
        co_await write(stream, answer, 11, false, false);
      }
      co_return false;
    }
    if (stopped_) {
      co_return false;
    }
    stream.expires_never();
    const auto& message = parser.get();
    const bool head = message.method() == http::verb::head;
    Response response = co_await answer(message);
    if (response.stream && !head) {
      co_await write_stream(stream, response, message.version());
      co_return false;
    }
    const bool keep = message.keep_alive();
    if (response.pieces) {
      co_return co_await write_pieces(stream, response, message.version(), keep, head);
    }
    co_return co_await write(stream, response, message.version(), keep, head);
  }

  net::awaitable<Response> answer(const http::request<http::string_body>& message) {
    struct Pending {
      explicit Pending(const net::any_io_executor& executor) : timer(executor) {}
      net::steady_timer timer;
      std::optional<Response> response;
    };
    Request request;
    if (!host_allowed(message)) {
      co_return refusal(403, "this Host may not be asked for here");
    }
    auto target = parse_target({message.target().data(), message.target().size()});
    if (!target) {
      co_return refusal(400, "the target is no path");
    }
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    request.method = std::string(message.method_string());
    request.body = message.body();
    const auto trust = message.find("X-Ringway");
    request.trusted = trust != message.end() && trust->value() == "1";
    const auto pending = std::make_shared<Pending>(executor_);
    pending->timer.expires_after(limits_.answer);
    handler_.handle(request, [pending](Response response) {
      pending->response = std::move(response);
      pending->timer.cancel();
    });
    if (!pending->response) {
      co_await pending->timer.async_wait(kAwait);
    }
    if (!pending->response) {
      co_return refusal(504, "no answer in time");
    }
    co_return std::move(*pending->response);
  }

  bool host_allowed(const http::request<http::string_body>& message) const {
    if (!listener_.loopback) {
      return true;
    }
    const auto host = message.find(http::field::host);
    if (host == message.end()) {
      return message.version() < 11;
    }
    return is_loopback_host({host->value().data(), host->value().size()});
  }

  net::awaitable<bool> write(Stream& stream, const Response& response, unsigned version, bool keep, bool head) {
    Message message(static_cast<http::status>(response.status), version);
    set_common(message, response);
    message.keep_alive(keep);
    if (!head) {
      message.body() = response.body;
    }
    message.content_length(response.body.size());
    stream.expires_after(limits_.write);
    http::response_serializer<http::string_body> serializer(message);
    error_code failed;
    if (head) {
      const auto [error, count] = co_await http::async_write_header(stream, serializer, kAwait);
      failed = error;
    } else {
      const auto [error, count] = co_await http::async_write(stream, serializer, kAwait);
      failed = error;
    }
    co_return keep && !failed;
  }

  /// HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
  net::awaitable<bool> write_pieces(Stream& stream, Response& response, unsigned version, bool keep, bool head) {
    const bool chunked = version >= 11;
    http::response<http::empty_body> message(static_cast<http::status>(response.status), version);
    set_common(message, response);
    message.chunked(chunked);
    message.keep_alive(keep && chunked);
    http::response_serializer<http::empty_body> serializer(message);
    stream.expires_after(limits_.write);
    const auto [unsent, count] = co_await http::async_write_header(stream, serializer, kAwait);
    if (unsent || head) {
      co_return keep&& chunked && !unsent;
    }
    while (!stopped_) {
      const std::optional<std::string> piece = response.pieces->next();
      bool sent = true;
      if (!piece) {
        sent = chunked && co_await send(stream, http::make_chunk_last());
        co_return sent&& keep;
      }
      const net::const_buffer bytes(piece->data(), piece->size());
      if (piece->empty()) {
        co_await net::post(executor_, kAwait);
      } else if (chunked) {
        sent = co_await send(stream, http::make_chunk(bytes));
      } else {
        sent = co_await send(stream, bytes);
      }
      if (!sent) {
        co_return false;
      }
    }
    co_return false;
  }

  /// What was waiting for the thread runs before it returns.
  template <typename Buffers>
  net::awaitable<bool> send(Stream& stream, Buffers buffers) {
    stream.expires_after(limits_.write);
    const auto [error, count] = co_await net::async_write(stream, buffers, kAwait);
    co_return !error;
  }

  net::awaitable<void> write_stream(Stream& stream, Response& response, unsigned version) {
    if (version < 11 || streams_ >= limits_.streams) {
      const bool old = version < 11;
      const Response refused = refusal(old ? 400 : 503, old ? "a stream needs HTTP/1.1" : "too many streams");
      co_await write(stream, refused, version, false, false);
      co_return;
    }
    ++streams_;
    http::response<http::empty_body> head(http::status::ok, version);
    set_common(head, response);
    head.chunked(true);
    head.keep_alive(false);
    http::response_serializer<http::empty_body> serializer(head);
    stream.expires_after(limits_.write);
    const auto [error, count] = co_await http::async_write_header(stream, serializer, kAwait);
    if (!error) {
      co_await write_messages(stream, *response.stream);
    }
    --streams_;
  }

  net::awaitable<void> write_messages(Stream& stream, StreamSource& source) {
    net::steady_timer timer(executor_);
    auto last_sent = steady_clock::now();
    while (!stopped_) {
      const auto begun = steady_clock::now();
      const std::uint64_t told = news_;
      std::string text = source.next();
      const auto rest = std::max<steady_clock::duration>(limits_.pace, (steady_clock::now() - begun) * kStreamShare);
      if (text.empty() && begun - last_sent >= limits_.ping) {
        text = ": nothing new\n\n";
      }
      if (!text.empty()) {
        if (!co_await send(stream, http::make_chunk(net::const_buffer(text.data(), text.size())))) {
          co_return;
        }
        last_sent = steady_clock::now();
      }
      timer.expires_after(rest);
      co_await timer.async_wait(kAwait);
      if (told == news_ && !stopped_) {
        timer.expires_after(limits_.ping);
        const Entry<net::steady_timer> entry(waiting_streams_, timer);
        co_await timer.async_wait(kAwait);
      }
    }
  }

  static void close(Stream& stream) {
    error_code ignored;
    stream.socket().shutdown(net::socket_base::shutdown_send, ignored);
    stream.close();
  }

  net::any_io_executor executor_;
  AdminListener listener_;
  Handler& handler_;
  Limits limits_;
  std::set<Stream*> open_;
  std::list<Stream*> silent_;  ///< those whose request has not come yet, who has been silent for longest first
  std::set<net::steady_timer*> waiting_streams_;
  std::size_t streams_ = 0;
  std::uint64_t news_ = 0;
  bool stopped_ = false;
};

proxy::Result<std::unique_ptr<Server>> Server::start(const net::any_io_executor& executor, const std::string& where,
                                                     Handler& handler, const Limits& limits) {
  auto listener = listen_admin(executor, where);
  if (!listener) {
    return std::unexpected(std::move(listener.error()));
  }
  auto impl = std::make_shared<Impl>(executor, std::move(*listener), handler, limits);
  impl->start();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() {
  stop();
}
const std::string& Server::address() const {
  return impl_->address();
}
void Server::notify() {
  impl_->notify();
}
void Server::stop() {
  impl_->stop();
}

}  // namespace ringway::daemon
