#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http.hpp>
#include <utility>

#include "discovery/health/check.h"
#include "discovery/health/conversation.h"

namespace ringway::discovery {
namespace {

namespace http = boost::beast::http;
using Code = boost::system::error_code;

/// A text that has no more room than what came: `string_body` asks for as much memory as the server announces.
struct ProbedBody {
  // NOLINTNEXTLINE(readability-identifier-naming): Beast's name
  using value_type = std::string;
  // NOLINTNEXTLINE(readability-identifier-naming): Beast's name
  struct reader : http::string_body::reader {
    using http::string_body::reader::reader;
    void init(const boost::optional<std::uint64_t>& /*announced*/, Code& code) {
      http::string_body::reader::init(boost::none, code);
    }
  };
};

std::string request_text(const config::HealthCheck& check, const proxy::SocketAddress& address) {
  const auto line = [](std::string_view name, std::string_view value) {
    return std::string(name) + ": " + std::string(value) + "\r\n";
  };
  return check.method + ' ' + check.path + " HTTP/1.1\r\n" +
         line("Host", check.host.empty() ? address.to_string() : check.host) +
         line("User-Agent", "ringway-health-check") + line("Accept", "*/*") + line("Connection", "close") + "\r\n";
}

/// The last chunk of a body without trailers, `0`, CRLF, CRLF (RFC 9112, section 7.1).
constexpr std::size_t kLastChunk_bytes = 5;

class HttpConversation final : public Conversation {
 public:
  HttpConversation(config::HealthCheck check, const proxy::SocketAddress& address)
      : check_(std::move(check)), request_(request_text(check_, address)) {
    parser_.header_limit(kMaxProbedHeadBytes);
    parser_.body_limit(boost::none);
    parser_.skip(check_.method == "HEAD");
  }

  std::string say() override { return std::exchange(request_, {}); }

  [[nodiscard]] Step saying() const override { return {"request", "sending the request"}; }
  [[nodiscard]] Step hearing() const override {
    return {"response", parser_.is_header_done() ? "reading the body" : "waiting for a response"};
  }

 private:
  void take(std::string_view bytes) override {
    unread_ += bytes;
    // Beast asserts that there is room for a whole last chunk when it is asked again with the line of one before it.
    while (!verdict() && !(chunk_line_seen_ && unread_.size() < kLastChunk_bytes)) {
      Code code;
      const std::size_t read = parser_.put(boost::asio::buffer(unread_), code);
      unread_.erase(0, read);
      if (parser_.is_header_done()) {
        judge();
      }
      chunk_line_seen_ = code == http::error::need_more && parser_.is_header_done() && unread_.contains('\n');
      if (code == http::error::need_more || (!code && unread_.empty())) {
        break;
      }
      if (code) {
        fail(reason(code));
      }
    }
    if (unread_.size() > kMaxProbedHeadBytes) {
      fail(reason(http::error::header_limit));
    }
  }

  void take_end() override {
    Code code;
    if (parser_.is_header_done()) {
      parser_.put_eof(code);
      judge();
    }
    fail("response: connection closed before the response was complete");
  }

  /// What the head and as much as there is of the body come to.
  void judge() {
    const unsigned status = parser_.get().result_int();
    const std::string answer = "HTTP " + std::to_string(status);
    if (!status_expected(check_, status)) {
      fail(answer + ", wanted " + expected_status_text(check_));
      return;
    }
    const std::string_view body = std::string_view(parser_.get().body()).substr(0, kMaxProbedBodyBytes);
    const std::size_t from = searched_ - std::min(searched_, check_.expect_body.size());
    searched_ = body.size();
    if (body.find(check_.expect_body, from) != std::string_view::npos) {
      succeed(answer);
    } else if (parser_.is_done() || body.size() == kMaxProbedBodyBytes) {
      fail(answer + ", body lacks \"" + check_.expect_body + "\"");
    }
  }

  static std::string reason(const Code& code) {
    if (code == http::error::header_limit || code == http::error::buffer_overflow) {
      return "response: its head is longer than " + std::to_string(kMaxProbedHeadBytes / 1024) + " KiB";
    }
    return "response: not HTTP (" + code.message() + ")";
  }

  config::HealthCheck check_;
  std::string request_;
  std::string unread_;  ///< what the parser cannot take before more has come
  bool chunk_line_seen_ = false;
  http::response_parser<ProbedBody> parser_;
  std::size_t searched_ = 0;  ///< of the body
};

}  // namespace

std::unique_ptr<Conversation> make_http_conversation(const config::HealthCheck& check,
                                                     const proxy::SocketAddress& address) {
  return std::make_unique<HttpConversation>(check, address);
}

}  // namespace ringway::discovery
