#include "discovery/health/probe.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <cstring>
#include <utility>

#include "discovery/health/check.h"

namespace ringway::discovery {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
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

ProbeResult failed(std::string detail) {
  return {ProbeOutcome::kFailure, std::move(detail)};
}

/// What a failing step of a probe means.
ProbeResult judged(const Code& code, const config::HealthCheck& check, const Conversation::Step& step) {
  if (want_of_resources(code)) {
    return {ProbeOutcome::kNotRun, "not probed: " + code.message()};
  }
  if (code == beast::error::timeout) {
    return failed("timed out after " + duration_text(check.timeout) + " while " + step.doing);
  }
  if (code == asio::error::connection_refused) {
    return failed(step.name + " refused");
  }
  if (code == asio::error::connection_reset || code == asio::error::broken_pipe) {
    return failed(step.name + ": connection reset");
  }
  return failed(step.name + ": " + code.message());
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
  asio::awaitable<ProbeResult> probe() {
    if (!done_) {
      co_return failed("cancelled");
    }
    stream_.expires_after(check_.timeout);
    const auto [code] = co_await stream_.async_connect(endpoint_of(address_), kToken);
    if (code) {
      co_return judged(code, check_, {"connect", "connecting"});
    }
    const auto conversation = make_conversation(check_, address_);
    co_return co_await converse(*conversation);
  }

  asio::awaitable<ProbeResult> converse(Conversation& conversation) {
    std::array<char, 4096> chunk;
    while (true) {
      if (const std::string words = conversation.say(); !words.empty()) {
        const auto [code, sent] = co_await asio::async_write(stream_, asio::buffer(words), kToken);
        if (code) {
          co_return judged(code, check_, conversation.saying());
        }
      }
      if (conversation.verdict()) {
        co_return *conversation.verdict();
      }
      const auto [code, read] = co_await stream_.async_read_some(asio::buffer(chunk), kToken);
      if (code == asio::error::eof) {
        conversation.hear_end();
      } else if (code) {
        co_return judged(code, check_, conversation.hearing());
      } else {
        conversation.hear({chunk.data(), read});
      }
    }
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
