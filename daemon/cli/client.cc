#include "daemon/cli/client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "daemon/text.h"

namespace ringway::daemon {

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using nlohmann::json;
using proxy::ErrorCode;

using Stream = beast::basic_stream<net::generic::stream_protocol>;
using Request = http::request<http::string_body>;
constexpr auto kAwait = net::as_tuple(net::use_awaitable);
constexpr std::size_t kMaxBuffer = 64 * 1024;
constexpr std::uint64_t kMaxAnswer = 1024ULL * 1024 * 1024;

Request make_request(const AdminUrl& where, http::verb method, const std::string& target) {
  Request request(method, target, 11);
  const bool v6 = where.host.find(':') != std::string::npos;
  request.set(http::field::host,
              !where.unix_path.empty() ? "localhost" : (v6 ? "[" + where.host + "]" : where.host) + ":" + where.port);
  request.set(http::field::user_agent, "ringway");
  request.set("X-Ringway", "1");
  return request;
}

net::awaitable<error_code> connect(Stream& stream, const AdminUrl& where, std::chrono::milliseconds timeout) {
  stream.expires_after(timeout);
  if (!where.unix_path.empty()) {
    const net::local::stream_protocol::endpoint endpoint(where.unix_path);
    const auto [error] = co_await stream.async_connect(net::generic::stream_protocol::endpoint(endpoint), kAwait);
    co_return error;
  }
  net::ip::tcp::resolver resolver(stream.get_executor());
  const auto [unresolved, found] = co_await resolver.async_resolve(where.host, where.port, kAwait);
  error_code last = unresolved;
  for (const auto& entry : found) {
    const net::generic::stream_protocol::endpoint endpoint(entry.endpoint());
    const auto [error] = co_await stream.async_connect(endpoint, kAwait);
    last = error;
    if (!error) {
      break;
    }
    error_code ignored;
    stream.socket().close(ignored);
  }
  co_return last;
}

struct Exchange {
  error_code error;
  unsigned status = 0;
  std::string body;
};

net::awaitable<void> exchange(const AdminUrl& where, const Request& request, std::chrono::milliseconds timeout,
                              Exchange& out) {
  Stream stream(co_await net::this_coro::executor);
  out.error = co_await connect(stream, where, timeout);
  if (out.error) {
    co_return;
  }
  stream.expires_after(timeout);
  const auto [unsent, sent] = co_await http::async_write(stream, request, kAwait);
  out.error = unsent;
  if (out.error) {
    co_return;
  }
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxAnswer);
  const auto [unread, count] = co_await http::async_read(stream, buffer, parser, kAwait);
  out.error = unread;
  out.status = parser.get().result_int();
  out.body = std::move(parser.get().body());
}

/// Hands over each `data:` of server-sent events; false once `message` wants no more.
bool take_messages(std::string& text, const std::function<bool(const json&)>& message) {
  constexpr std::string_view kData = "data: ";
  for (std::size_t end = text.find("\n\n"); end != std::string::npos; end = text.find("\n\n")) {
    const std::string block = text.substr(0, end);
    text.erase(0, end + 2);
    const std::size_t at = block.find(kData);
    if (at == std::string::npos) {
      continue;
    }
    const json data = json::parse(block.substr(at + kData.size()), nullptr, false);
    if (data.is_object() && !message(data)) {
      return false;
    }
  }
  return true;
}

net::awaitable<void> listen(const AdminUrl& where, const Request& request, std::chrono::milliseconds timeout,
                            const std::function<bool(const json&)>& message, Exchange& out) {
  Stream stream(co_await net::this_coro::executor);
  out.error = co_await connect(stream, where, timeout);
  if (out.error) {
    co_return;
  }
  const auto [unsent, sent] = co_await http::async_write(stream, request, kAwait);
  beast::flat_buffer buffer(kMaxBuffer);
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  const auto [unread, count] = co_await http::async_read_header(stream, buffer, parser, kAwait);
  out.error = unsent ? unsent : unread;
  out.status = parser.get().result_int();
  std::string text;
  while (!out.error && !parser.is_done()) {
    // The daemon pings every 15 s, so a stream that says nothing for `timeout` is dead.
    stream.expires_after(timeout);
    const auto [error, size] = co_await http::async_read_some(stream, buffer, parser, kAwait);
    out.error = error;
    auto& part = parser.get().body();
    if (out.status != 200) {
      continue;
    }
    text += part;
    part.clear();
    if (!take_messages(text, message)) {
      co_return;
    }
  }
  out.body = parser.get().body();
}

proxy::Error nobody(const AdminUrl& where, const error_code& error) {
  return {ErrorCode::kUnavailable, "no ringway answers at " + where.text + ": " + error.message() +
                                       "; start one with `ringway run --config FILE` or name it with --admin"};
}

template <typename Work>
void run(Work work) {
  net::io_context context(1);
  net::co_spawn(context, std::move(work), [](const std::exception_ptr& thrown) {
    if (thrown) {
      std::rethrow_exception(thrown);
    }
  });
  context.run();
}

proxy::Result<AdminClient::Answer> ask(const AdminUrl& where, const Request& request,
                                       std::chrono::milliseconds timeout) {
  Exchange got;
  run([&] { return exchange(where, request, timeout, got); });
  if (got.error) {
    return std::unexpected(nobody(where, got.error));
  }
  return AdminClient::Answer{got.status, json::parse(got.body, nullptr, false)};
}

}  // namespace

std::string AdminClient::Answer::error() const {
  if (body.is_object() && body.contains("error") && body["error"].is_string()) {
    return body["error"].get<std::string>();
  }
  return "the daemon answered with status " + std::to_string(status);
}

proxy::Result<AdminClient::Answer> AdminClient::get(const std::string& target) const {
  return ask(where_, make_request(where_, http::verb::get, target), timeout_);
}

proxy::Result<AdminClient::Answer> AdminClient::post(const std::string& target, const json& body) const {
  Request request = make_request(where_, http::verb::post, target);
  request.set(http::field::content_type, "application/json");
  request.body() = to_line(body);
  request.prepare_payload();
  return ask(where_, request, timeout_);
}

proxy::Result<void> AdminClient::stream(const std::string& target,
                                        const std::function<bool(const json& data)>& message) const {
  const Request request = make_request(where_, http::verb::get, target);
  Exchange got;
  bool ended = false;
  const std::function<bool(const json&)> once = [&](const json& data) {
    ended = !message(data);
    return !ended;
  };
  run([&] { return listen(where_, request, timeout_, once, got); });
  if (ended) {
    return {};
  }
  if (got.status == 0) {
    return std::unexpected(nobody(where_, got.error));
  }
  if (got.status != 200) {
    return proxy::failure(ErrorCode::kUnavailable, Answer{got.status, json::parse(got.body, nullptr, false)}.error());
  }
  return proxy::failure(ErrorCode::kUnavailable, "the daemon ended the stream");
}

}  // namespace ringway::daemon
