#include "discovery/health/probe.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstring>
#include <string_view>
#include <utility>

#include "discovery/health/check.h"

namespace ringway::discovery {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Code = boost::system::error_code;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

asio::ip::tcp::endpoint endpoint_of(const proxy::SocketAddress& address) {
  sockaddr_storage storage{};
  const socklen_t length = address.fill(storage);
  asio::ip::tcp::endpoint endpoint;
  endpoint.resize(length);
  std::memcpy(endpoint.data(), &storage, length);
  return endpoint;
}

bool want_of_resources(const Code& code) {
  namespace errc = boost::system::errc;
  return code == errc::too_many_files_open || code == errc::too_many_files_open_in_system ||
         code == errc::no_buffer_space || code == errc::not_enough_memory;
}

ProbeResult success(std::string detail) {
  return {ProbeOutcome::kSuccess, std::move(detail)};
}

ProbeResult failed(std::string detail) {
  return {ProbeOutcome::kFailure, std::move(detail)};
}

/// What a failing step of a probe means. `doing` reads after "timed out after 1s while".
ProbeResult judged(const Code& code, const config::HealthCheck& check, const std::string& step,
                   const std::string& doing) {
  if (want_of_resources(code)) {
    return {ProbeOutcome::kNotRun, "not probed: " + code.message()};
  }
  if (code == beast::error::timeout) {
    return failed("timed out after " + duration_text(check.timeout) + " while " + doing);
  }
  if (code == asio::error::connection_refused) {
    return failed(step + " refused");
  }
  if (code == asio::error::connection_reset || code == asio::error::broken_pipe) {
    return failed(step + ": connection reset");
  }
  if (code == http::error::end_of_stream || code == http::error::partial_message || code == asio::error::eof) {
    return failed(step + ": connection closed before the response was complete");
  }
  if (code == http::error::header_limit || code == http::error::buffer_overflow) {
    return failed(step + ": its head is longer than " + std::to_string(kMaxProbedHeadBytes / 1024) + " KiB");
  }
  if (code.category() == http::make_error_code(http::error::bad_version).category()) {
    return failed(step + ": not HTTP (" + code.message() + ")");
  }
  return failed(step + ": " + code.message());
}

class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(const asio::any_io_executor& executor, const proxy::SocketAddress& address, const config::HealthCheck& check,
          std::function<void(ProbeResult)> done)
      : stream_(executor), address_(address), check_(check), done_(std::move(done)) {}

  void start() {
    asio::co_spawn(
        stream_.get_executor(),
        [self = shared_from_this()]() -> asio::awaitable<void> {
          ProbeResult result = co_await self->probe();
          self->finish(std::move(result));
        },
        asio::detached);
  }

  void cancel() {
    done_ = nullptr;
    stream_.close();
  }

 private:
  using Parser = http::response_parser<http::string_body>;

  asio::awaitable<ProbeResult> probe() {
    if (!done_) {
      co_return failed("cancelled");
    }
    stream_.expires_after(check_.timeout);
    const auto [code] = co_await stream_.async_connect(endpoint_of(address_), kToken);
    if (code) {
      co_return judged(code, check_, "connect", "connecting");
    }
    if (check_.kind == config::HealthCheck::Kind::kTcp) {
      co_return co_await converse();
    }
    co_return co_await exchange();
  }

  asio::awaitable<ProbeResult> converse() {
    if (!check_.send.empty()) {
      const auto [code, sent] = co_await asio::async_write(stream_, asio::buffer(check_.send), kToken);
      if (code) {
        co_return judged(code, check_, "send", "sending");
      }
    }
    if (check_.expect.empty()) {
      co_return success("connected");
    }
    const std::string wanted = bytes_text(check_.expect);
    std::string answer;
    std::array<char, 4096> chunk;
    while (answer.size() < kMaxProbedBodyBytes) {
      const auto [code, read] = co_await stream_.async_read_some(asio::buffer(chunk), kToken);
      if (code == asio::error::eof) {
        co_return failed("closed before " + wanted + " came");
      }
      if (code) {
        co_return judged(code, check_, "answer", "waiting for " + wanted);
      }
      const std::size_t from = answer.size() - std::min(answer.size(), check_.expect.size());
      answer.append(chunk.data(), read);
      if (answer.find(check_.expect, from) != std::string::npos) {
        co_return success("answered " + wanted);
      }
    }
    co_return failed("answer lacks " + wanted);
  }

  asio::awaitable<ProbeResult> exchange() {
    http::request<http::empty_body> request;
    request.method_string(check_.method);
    request.target(check_.path);
    request.version(11);
    request.set(http::field::host, check_.host.empty() ? address_.to_string() : check_.host);
    request.set(http::field::user_agent, "ringway-health-check");
    request.set(http::field::accept, "*/*");
    request.set(http::field::connection, "close");
    const auto [code, sent] = co_await http::async_write(stream_, request, kToken);
    if (code) {
      co_return judged(code, check_, "request", "sending the request");
    }
    co_return co_await read_response();
  }

  asio::awaitable<ProbeResult> read_response() {
    Parser parser;
    parser.header_limit(kMaxProbedHeadBytes);
    parser.body_limit(boost::none);
    parser.skip(check_.method == "HEAD");
    beast::flat_buffer buffer(kMaxProbedHeadBytes + 1);
    const auto [code, read] = co_await http::async_read_header(stream_, buffer, parser, kToken);
    if (code) {
      co_return judged(code, check_, "response", "waiting for a response");
    }
    const unsigned status = parser.get().result_int();
    const std::string answer = "HTTP " + std::to_string(status);
    if (!status_expected(check_, status)) {
      co_return failed(answer + ", wanted " + expected_status_text(check_));
    }
    if (check_.expect_body.empty()) {
      co_return success(answer);
    }
    co_return co_await search_body(parser, buffer, answer);
  }

  asio::awaitable<ProbeResult> search_body(Parser& parser, beast::flat_buffer& buffer, const std::string& answer) {
    std::size_t searched = 0;
    const auto found = [this, &parser, &searched] {
      const std::string_view body = std::string_view(parser.get().body()).substr(0, kMaxProbedBodyBytes);
      const std::size_t from = searched - std::min(searched, check_.expect_body.size());
      searched = body.size();
      return body.find(check_.expect_body, from) != std::string_view::npos;
    };
    while (!found()) {
      if (parser.is_done() || parser.get().body().size() >= kMaxProbedBodyBytes) {
        co_return failed(answer + ", body lacks \"" + check_.expect_body + "\"");
      }
      const auto [code, read] = co_await http::async_read_some(stream_, buffer, parser, kToken);
      if (code) {
        co_return judged(code, check_, "response", "reading the body");
      }
    }
    co_return success(answer);
  }

  void finish(ProbeResult result) {
    Code ignored;
    stream_.socket().shutdown(asio::socket_base::shutdown_both, ignored);
    stream_.close();
    if (auto done = std::exchange(done_, nullptr)) {
      done(std::move(result));
    }
  }

  beast::tcp_stream stream_;
  proxy::SocketAddress address_;
  config::HealthCheck check_;
  std::function<void(ProbeResult)> done_;
};

class RunningProbe final : public Probe {
 public:
  explicit RunningProbe(std::shared_ptr<Attempt> attempt) : attempt_(std::move(attempt)) {}
  RunningProbe(const RunningProbe&) = delete;
  RunningProbe& operator=(const RunningProbe&) = delete;
  ~RunningProbe() override { attempt_->cancel(); }

 private:
  std::shared_ptr<Attempt> attempt_;
};

}  // namespace

std::unique_ptr<Probe> start_probe(const asio::any_io_executor& executor, const proxy::SocketAddress& address,
                                   const config::HealthCheck& check, std::function<void(ProbeResult)> done) {
  auto attempt = std::make_shared<Attempt>(executor, address, check, std::move(done));
  attempt->start();
  return std::make_unique<RunningProbe>(std::move(attempt));
}

}  // namespace ringway::discovery
