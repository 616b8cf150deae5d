#include "discovery/kubernetes/login.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "config/reader.h"

namespace ringway::discovery {

namespace asio = boost::asio;
using proxy::ErrorCode;
using proxy::failure;
using proxy::Result;

namespace {

constexpr std::size_t kMaxTokenBytes = 1 << 20;
/// A credential is renewed this long before it expires, for the way to the server takes time too.
constexpr std::chrono::seconds kEarly{10};

Result<std::string> read_token(const std::string& file) {
  auto text = config::read_file(file, kMaxTokenBytes);
  if (!text) {
    return failure(ErrorCode::kPermission, "the token file " + file + ": " + text.error());
  }
  std::erase_if(*text, [](unsigned char c) { return c <= ' ' || c >= 0x7f; });
  if (text->empty()) {
    return failure(ErrorCode::kPermission, "the token file " + file + " is empty");
  }
  return *std::move(text);
}

bool is_fresh(const ExecCredential& credential) {
  return !credential.expires || std::chrono::system_clock::now() + kEarly < *credential.expires;
}

}  // namespace

Login::Login(const asio::any_io_executor& executor, Read read, std::chrono::milliseconds exec_timeout)
    : executor_(executor),
      read_(std::move(read)),
      exec_timeout_(exec_timeout),
      renewed_(executor, asio::steady_timer::time_point::max()) {}

void Login::refused() {
  access_.reset();
  credential_.reset();
}

void Login::stop() {
  stopped_ = true;
  renewed_.cancel();
}

asio::awaitable<Result<ApiLogin>> Login::get() {
  if (!access_) {
    auto access = read_();
    if (!access) {
      co_return failure(ErrorCode::kInvalid, access.error());
    }
    access_ = std::make_shared<const config::ClusterAccess>(*std::move(access));
  }
  const auto access = access_;
  ApiLogin login{access, access->token, {}};
  if (access->exec) {
    while (renewing_ && !stopped_) {
      co_await renewed_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (!credential_ || !is_fresh(*credential_)) {
      if (const auto renewed = co_await renew(*access); !renewed) {
        co_return std::unexpected(renewed.error());
      }
    }
    login.token = credential_ ? credential_->token : "";
    login.pair = credential_ ? credential_->pair : ClientPair();
  }
  if (!access->token_file.empty()) {
    auto token = read_token(access->token_file);
    if (!token) {
      co_return std::unexpected(std::move(token.error()));
    }
    login.token = *std::move(token);
  }
  co_return login;
}

asio::awaitable<Result<void>> Login::renew(config::ClusterAccess access) {
  if (stopped_) {
    co_return failure(ErrorCode::kUnavailable, "stopped");
  }
  renewing_ = true;
  auto credential = co_await run_exec_plugin(executor_, std::move(access), exec_timeout_);
  renewing_ = false;
  renewed_.cancel();
  if (!credential) {
    co_return std::unexpected(std::move(credential.error()));
  }
  credential_ = *std::move(credential);
  co_return Result<void>();
}

}  // namespace ringway::discovery
