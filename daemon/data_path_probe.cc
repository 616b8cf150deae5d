#include "daemon/data_path_probe.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <cstdint>
#include <exception>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "daemon/text.h"

namespace ringway::daemon {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using Code = boost::system::error_code;
using Nonce = std::array<std::uint64_t, 2>;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
/// How soon the echo accepts again after there was no file for it.
constexpr std::chrono::milliseconds kAcceptPause{100};
/// Connections to the echo, those of strangers included: more are closed at once.
constexpr std::size_t kMaxEchoes = 64;

bool no_room(const Code& code) {
  namespace errc = boost::system::errc;
  return code == errc::too_many_files_open || code == errc::too_many_files_open_in_system ||
         code == errc::no_buffer_space || code == errc::not_enough_memory;
}

std::string said_of(const Code& code, const std::string& step) {
  if (code == beast::error::timeout) {
    return "no bytes came back within " + to_duration(DataPathProbe::kLimit);
  }
  return step + ": " + code.message();
}

}  // namespace

class DataPathProbe::State : public std::enable_shared_from_this<State> {
 public:
  State(const asio::any_io_executor& executor, proxy::DataPlane& plane)
      : executor_(executor), plane_(plane), acceptor_(executor), pause_(executor) {}

  proxy::Result<void> open() {
    Code code;
    const tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
    acceptor_.open(any.protocol(), code);
    if (!code) {
      acceptor_.bind(any, code);
    }
    if (!code) {
      acceptor_.listen(asio::socket_base::max_listen_connections, code);
    }
    if (code) {
      return proxy::failure(proxy::ErrorCode::kUnavailable, "the echo of the data path's probe: " + code.message());
    }
    const auto listeners =
        plane_.listen_for_probes({proxy::IpAddress::v4(INADDR_LOOPBACK), acceptor_.local_endpoint(code).port()});
    if (!listeners) {
      return std::unexpected(listeners.error());
    }
    for (const auto& address : *listeners) {
      listeners_.emplace_back(asio::ip::address_v4::loopback(), address.port());
    }
    asio::co_spawn(executor_, accept(shared_from_this()), asio::detached);
    return {};
  }

  void check(DataPathAsker done) {
    if (last_ && std::chrono::steady_clock::now() < fresh_until_) {
      done(*last_);
      return;
    }
    waiting_.push_back(std::move(done));
    if (waiting_.size() > 1) {
      return;
    }
    said_.assign(listeners_.size(), "");
    no_room_ = false;
    pauses_before_ = pauses();
    under_way_ = listeners_.size();
    for (std::size_t worker = 0; worker < listeners_.size(); ++worker) {
      asio::co_spawn(executor_, probe(shared_from_this(), worker), asio::detached);
    }
    if (under_way_ == 0) {
      finish();
    }
  }

  void stop() {
    stopped_ = true;
    waiting_.clear();
    Code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

 private:
  static asio::awaitable<void> accept(std::shared_ptr<State> self) {
    while (!self->stopped_) {
      auto [code, socket] = co_await self->acceptor_.async_accept(kAwait);
      if (!code && self->echoes_ >= kMaxEchoes) {
        continue;
      }
      if (!code) {
        ++self->echoes_;
        asio::co_spawn(self->executor_, echo(self, std::move(socket)),
                       [self](const std::exception_ptr&) { --self->echoes_; });
        continue;
      }
      if (!self->stopped_) {
        self->no_room_ = true;
        self->pause_.expires_after(kAcceptPause);
        co_await self->pause_.async_wait(kAwait);
      }
    }
  }

  /// Says again what a probe of ours sent, to nobody else.
  static asio::awaitable<void> echo(std::shared_ptr<State> self, tcp::socket socket) {
    beast::tcp_stream stream(std::move(socket));
    stream.expires_after(kLimit);
    Nonce nonce{};
    const auto [unread, size] = co_await asio::async_read(stream, asio::buffer(nonce), kAwait);
    if (unread || !self->nonces_.contains(nonce)) {
      co_return;
    }
    const auto [unsent, sent] = co_await asio::async_write(stream, asio::buffer(nonce), kAwait);
    if (!unsent) {
      // The other side closes first, so that nothing of ours is lost in a reset.
      co_await stream.async_read_some(asio::buffer(nonce), kAwait);
    }
  }

  static asio::awaitable<void> probe(std::shared_ptr<State> self, std::size_t worker) {
    const Nonce nonce{self->random_(), self->random_()};
    self->nonces_.insert(nonce);
    beast::tcp_stream stream(self->executor_);
    self->said_[worker] = co_await exchange(*self, stream, worker, nonce);
    self->nonces_.erase(nonce);
    stream.close();
    if (--self->under_way_ == 0) {
      self->finish();
    }
  }

  /// What is wrong, "" where nothing is.
  static asio::awaitable<std::string> exchange(State& self, beast::tcp_stream& stream, std::size_t worker,
                                               const Nonce& nonce) {
    stream.expires_after(kLimit);
    const auto [unconnected] = co_await stream.async_connect(self.listeners_[worker], kAwait);
    if (unconnected) {
      self.no_room_ = self.no_room_ || no_room(unconnected);
      co_return said_of(unconnected, "connect");
    }
    const auto [unsent, sent] = co_await asio::async_write(stream, asio::buffer(nonce), kAwait);
    if (unsent) {
      co_return said_of(unsent, "send");
    }
    Nonce back{};
    const auto [unread, read] = co_await asio::async_read(stream, asio::buffer(back), kAwait);
    if (unread) {
      co_return said_of(unread, "receive");
    }
    co_return back == nonce ? "" : "other bytes came back than were sent";
  }

  void finish() {
    if (stopped_) {
      return;
    }
    DataPathReport report;
    for (std::size_t worker = 0; worker < said_.size(); ++worker) {
      if (!said_[worker].empty()) {
        report.failures.push_back("worker " + std::to_string(worker) + ": " + said_[worker]);
      }
    }
    if (!report.failures.empty() && (no_room_ || plane_.full() || pauses() != pauses_before_)) {
      report = {.failures = {}, .note = "not probed: no file or no session is to be had"};
    }
    last_ = std::move(report);
    fresh_until_ = std::chrono::steady_clock::now() + kFresh;
    for (const DataPathAsker& done : std::exchange(waiting_, {})) {
      done(*last_);
    }
  }

  [[nodiscard]] std::uint64_t pauses() const {
    std::uint64_t sum = 0;
    for (std::size_t worker = 0; worker < listeners_.size() && !stopped_; ++worker) {
      sum += plane_.worker_counters(worker).accepts_paused.get();
    }
    return sum;
  }

  asio::any_io_executor executor_;
  proxy::DataPlane& plane_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::vector<tcp::endpoint> listeners_;  ///< by worker
  std::mt19937_64 random_{std::random_device{}()};
  std::set<Nonce> nonces_;  ///< of the probes under way

  std::vector<DataPathAsker> waiting_;
  std::vector<std::string> said_;  ///< by worker
  std::size_t under_way_ = 0;
  std::size_t echoes_ = 0;
  std::uint64_t pauses_before_ = 0;
  bool no_room_ = false;
  std::optional<DataPathReport> last_;
  std::chrono::steady_clock::time_point fresh_until_;
  bool stopped_ = false;
};

DataPathProbe::DataPathProbe(std::shared_ptr<State> state) : state_(std::move(state)) {}

DataPathProbe::~DataPathProbe() {
  state_->stop();
}

proxy::Result<std::unique_ptr<DataPathProbe>> DataPathProbe::start(const asio::any_io_executor& executor,
                                                                   proxy::DataPlane& plane) {
  auto state = std::make_shared<State>(executor, plane);
  if (auto opened = state->open(); !opened) {
    return std::unexpected(std::move(opened.error()));
  }
  return std::unique_ptr<DataPathProbe>(new DataPathProbe(std::move(state)));
}

void DataPathProbe::check(DataPathAsker done) {
  state_->check(std::move(done));
}

}  // namespace ringway::daemon
