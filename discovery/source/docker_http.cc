#include "discovery/source/docker_http.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <utility>

#include "discovery/source/http_failure.h"
#include "discovery/source/json.h"
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

using Unix = asio::local::stream_protocol;
using Stream = beast::basic_stream<Unix>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
/// sun_path has 108 bytes, one for the end (unix(7)).
constexpr std::size_t kMaxPathLength = 107;
constexpr std::size_t kStreamChunkBytes = 16 * 1024;
constexpr std::size_t kMaxErrorBody = 64 * 1024;
constexpr std::size_t kMaxErrorText = 200;
constexpr milliseconds kErrorBodyTimeout{1000};

std::unexpected<proxy::Error> broken(const std::string& doing, const error_code& error) {
  auto failed = http_failure(doing, error, "the engine");
  if (error == asio::error::access_denied) {
    failed.error().context += " (run as root, or as a member of the group that owns the socket)";
  }
  return failed;
}

}  // namespace

class DockerConnection::Impl {
 public:
  Impl(const asio::any_io_executor& executor, std::string path) : executor_(executor), path_(std::move(path)) {}

  asio::awaitable<Result<HttpAnswer>> get(std::string target, std::size_t body_limit, milliseconds timeout) {
    const bool kept = stream_ != nullptr;
    bool answer_began = false;
    auto answer = co_await try_get(target, body_limit, timeout, answer_began);
    if (!answer && kept && !answer_began && !closed_) {
      answer = co_await try_get(target, body_limit, timeout, answer_began);
    }
    co_return answer;
  }

  asio::awaitable<Result<void>> open_stream(std::string target, milliseconds timeout) {
    auto sent = co_await send(target, timeout);
    if (!sent) {
      co_return std::unexpected(std::move(sent.error()));
    }
    stream_->expires_never();
    events_ = std::make_unique<EventParser>();
    events_->body_limit(boost::none);
    co_return Result<void>();
  }

  asio::awaitable<Result<std::string>> next_line() {
    if (!events_->is_header_done()) {
      auto began = co_await begin_stream();
      if (!began) {
        co_return std::unexpected(std::move(began.error()));
      }
    }
    while (true) {
      if (auto line = lines_.next()) {
        co_return std::move(*line);
      }
      if (lines_.overflowed()) {
        co_return failure(ErrorCode::kExhausted, "reading events: a line of more than 1 MiB");
      }
      const auto more = co_await read_chunk();
      if (!more) {
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
  }

 private:
  using Answer = http::response_parser<http::string_body>;
  using EventParser = http::response_parser<http::buffer_body>;

  asio::awaitable<Result<HttpAnswer>> try_get(const std::string& target, std::size_t body_limit, milliseconds timeout,
                                              bool& answer_began) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    auto sent = co_await send(target, timeout);
    if (!sent) {
      co_return std::unexpected(std::move(sent.error()));
    }
    Answer parser;
    parser.body_limit(body_limit);
    stream_->expires_at(deadline);
    auto [error, size] = co_await http::async_read(*stream_, buffer_, parser, kAwait);
    answer_began = size > 0;
    if (error) {
      stream_.reset();
      co_return broken("GET " + target, error);
    }
    HttpAnswer answer{parser.get().result_int(), std::move(parser.get().body())};
    if (!parser.get().keep_alive()) {
      stream_.reset();
    }
    co_return answer;
  }

  asio::awaitable<Result<void>> send(const std::string& target, milliseconds timeout) {
    if (closed_) {
      co_return failure(ErrorCode::kUnavailable, "stopped");
    }
    if (!stream_) {
      auto connected = co_await connect(timeout);
      if (!connected) {
        co_return connected;
      }
    }
    http::request<http::empty_body> request(http::verb::get, target, 11);
    request.set(http::field::host, "docker");
    request.set(http::field::user_agent, "ringway");
    stream_->expires_after(timeout);
    auto [error, size] = co_await http::async_write(*stream_, request, kAwait);
    if (error) {
      stream_.reset();
      co_return broken("GET " + target, error);
    }
    co_return Result<void>();
  }

  asio::awaitable<Result<void>> connect(milliseconds timeout) {
    const std::string doing = "connecting to " + path_;
    if (path_.size() > kMaxPathLength) {
      co_return failure(ErrorCode::kInvalid, doing + ": a socket's path has at most 107 bytes");
    }
    buffer_.clear();
    stream_ = std::make_unique<Stream>(executor_);
    stream_->expires_after(timeout);
    const Unix::endpoint endpoint(path_);
    auto [error] = co_await stream_->async_connect(endpoint, kAwait);
    if (error) {
      stream_.reset();
      co_return broken(doing, error);
    }
    co_return Result<void>();
  }

  asio::awaitable<Result<void>> begin_stream() {
    auto [error, size] = co_await http::async_read_header(*stream_, buffer_, *events_, kAwait);
    if (error) {
      co_return broken("reading events", error);
    }
    if (events_->get().result() == http::status::ok) {
      co_return Result<void>();
    }
    stream_->expires_after(kErrorBodyTimeout);
    HttpAnswer answer{events_->get().result_int(), ""};
    while (!events_->is_done() && answer.body.size() < kMaxErrorBody) {
      const auto more = co_await read_chunk();
      if (!more) {
        break;
      }
      answer.body.append(chunk_.data(), *more);
    }
    co_return failure(ErrorCode::kUnavailable, "reading events: " + describe_answer(answer));
  }

  /// How many bytes of `chunk_` it filled.
  asio::awaitable<Result<std::size_t>> read_chunk() {
    if (events_->is_done()) {
      co_return failure(ErrorCode::kUnavailable, "reading events: the engine ended the stream");
    }
    events_->get().body().data = chunk_.data();
    events_->get().body().size = chunk_.size();
    auto [error, size] = co_await http::async_read_some(*stream_, buffer_, *events_, kAwait);
    if (error && error != http::error::need_buffer) {
      co_return broken("reading events", error);
    }
    co_return chunk_.size() - events_->get().body().size;
  }

  asio::any_io_executor executor_;
  std::string path_;
  bool closed_ = false;
  std::unique_ptr<Stream> stream_;  ///< null where not connected
  beast::flat_buffer buffer_;
  std::unique_ptr<EventParser> events_;  ///< of `open_stream`
  std::array<char, kStreamChunkBytes> chunk_{};
  LineSplitter lines_{kMaxLineLength};
};

DockerConnection::DockerConnection(const asio::any_io_executor& executor, std::string path)
    : impl_(std::make_unique<Impl>(executor, std::move(path))) {}

DockerConnection::~DockerConnection() = default;

asio::awaitable<Result<HttpAnswer>> DockerConnection::get(std::string target, std::size_t body_limit,
                                                          milliseconds timeout) {
  return impl_->get(std::move(target), body_limit, timeout);
}

asio::awaitable<Result<void>> DockerConnection::open_stream(std::string target, milliseconds timeout) {
  return impl_->open_stream(std::move(target), timeout);
}

asio::awaitable<Result<std::string>> DockerConnection::next_line() {
  return impl_->next_line();
}

void DockerConnection::close() {
  impl_->close();
}

std::string describe_answer(const HttpAnswer& answer) {
  auto message = json::text(json::parse(answer.body, 1), "message");
  if (message.empty()) {
    message = answer.body;
  }
  message = message.substr(0, kMaxErrorText);
  std::ranges::replace_if(message, [](unsigned char c) { return c < ' ' || c >= 0x7f; }, ' ');
  return std::to_string(answer.status) + (message.empty() ? "" : ": " + message);
}

}  // namespace ringway::discovery
