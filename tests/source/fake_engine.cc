#include "tests/source/fake_engine.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace ringway::discovery {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Unix = asio::local::stream_protocol;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

std::string chunk(const std::string& bytes) {
  std::ostringstream text;
  text << std::hex << bytes.size() << "\r\n" << bytes << "\r\n";
  return text.str();
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::string http_answer(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

struct FakeEngine::Connection {
  explicit Connection(Socket accepted) : socket(std::move(accepted)) {}
  Socket socket;

  void write(const std::string& bytes) {
    boost::system::error_code ignored;
    asio::write(socket, asio::buffer(bytes), ignored);
  }
  void close() {
    boost::system::error_code ignored;
    socket.close(ignored);
  }
};

FakeEngine::FakeEngine(asio::io_context& context)
    : context_(context), released_(context, asio::steady_timer::time_point::max()) {
  std::string name = std::filesystem::temp_directory_path() / "ringway-engine-XXXXXX";
  folder_ = mkdtemp(name.data());
  path_ = folder_ + "/docker.sock";
}

FakeEngine::~FakeEngine() {
  stop();
  std::filesystem::remove_all(folder_);
}

void FakeEngine::start() {
  acceptor_ = std::make_shared<Unix::acceptor>(context_, Unix::endpoint(path_));
  asio::co_spawn(context_, accept(acceptor_), asio::detached);
}

void FakeEngine::stop() {
  if (acceptor_) {
    acceptor_->close();
    acceptor_.reset();
  }
  std::filesystem::remove(path_);
  for (const auto& connection : connections_) {
    connection->close();
  }
  streams_.clear();
  released_.cancel();
}

void FakeEngine::put(const std::string& id, const std::string& state) {
  containers_[id] = R"({"Id":")" + id + R"(","Name":"/)" + id + R"(","State":{)" + state +
                    R"(,"StartedAt":"2020-01-01T00:00:00Z"},"Config":{"Labels":{"tier":"backend"}},)"
                    R"("HostConfig":{"NetworkMode":"bridge"},"NetworkSettings":{"Networks":{"bridge":)"
                    R"({"IPAddress":"10.0.0.1"}}}})";
}

void FakeEngine::event(const std::string& action, const std::string& id, const std::string& attributes) {
  const auto time_ns = now_ns();
  const auto line = R"({"Type":"container","Action":")" + action + R"(","Actor":{"ID":")" + id + R"(","Attributes":{)" +
                    attributes + R"(}},"timeNano":)" + std::to_string(time_ns) + "}\n";
  past_events_.emplace(time_ns, line);
  send(line);
}

void FakeEngine::send(const std::string& bytes) {
  for (const auto& stream : streams_) {
    stream->write(chunk(bytes));
  }
}

bool FakeEngine::can_send() const {
  return std::ranges::all_of(streams_, [](const auto& stream) {
    pollfd descriptor{.fd = stream->socket.native_handle(), .events = POLLOUT, .revents = 0};
    return poll(&descriptor, 1, 0) == 1;
  });
}

void FakeEngine::cut_streams() {
  for (const auto& stream : streams_) {
    stream->close();
  }
  streams_.clear();
}

void FakeEngine::cut_idle() {
  for (const auto& connection : connections_) {
    if (!streams_.contains(connection)) {
      connection->close();
    }
  }
}

void FakeEngine::answer(const std::string& target, std::optional<std::string> bytes) {
  answers_.erase(target);
  if (bytes) {
    answers_[target] = *bytes;
  }
}

void FakeEngine::release(const std::string& target) {
  held_.erase(target);
  released_.cancel();
}

std::size_t FakeEngine::asked(const std::string& part) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      requests, [&](const std::string& target) { return target.find(part) != std::string::npos; }));
}

bool FakeEngine::is_held(const std::string& target) const {
  return std::ranges::any_of(held_, [&](const std::string& start) { return target.starts_with(start); });
}

asio::awaitable<void> FakeEngine::accept(std::shared_ptr<Unix::acceptor> acceptor) {
  while (true) {
    auto [error, socket] = co_await acceptor->async_accept(kAwait);
    if (error) {
      co_return;
    }
    auto connection = std::make_shared<Connection>(std::move(socket));
    connections_.insert(connection);
    asio::co_spawn(context_, serve(connection), asio::detached);
  }
}

asio::awaitable<void> FakeEngine::serve(std::shared_ptr<Connection> connection) {
  boost::beast::flat_buffer buffer;
  bool open = true;
  while (open) {
    http::request<http::empty_body> request;
    auto [error, size] = co_await http::async_read(connection->socket, buffer, request, kAwait);
    if (error) {
      break;
    }
    std::string target(request.target());
    requests.push_back(target);
    open = co_await respond(connection, target);
  }
  connection->close();
  connections_.erase(connection);
  streams_.erase(connection);
}

asio::awaitable<bool> FakeEngine::respond(std::shared_ptr<Connection> connection, std::string target) {
  while (is_held(target) && connection->socket.is_open()) {
    co_await released_.async_wait(kAwait);
  }
  for (const auto& [start, bytes] : answers_) {
    if (target.starts_with(start)) {
      connection->write(bytes);
      co_return bytes.empty();
    }
  }
  if (target.find("/events") != std::string::npos) {
    connection->write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    streams_.insert(connection);
    const auto since_s = std::stoll(target.substr(target.find("since=") + 6));
    for (auto event = past_events_.lower_bound(since_s * kNanosecondsPerSecond); event != past_events_.end(); ++event) {
      connection->write(chunk(event->second));
    }
    co_return true;
  }
  int status = 200;
  const auto body = body_of(target, status);
  connection->write(http_answer(status, body));
  co_return true;
}

std::string FakeEngine::body_of(const std::string& target, int& status) const {
  if (target == "/version") {
    return R"({"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"})";
  }
  if (target == "/_ping") {
    return "OK";
  }
  if (target == "/v1.41/containers/json?all=1") {
    std::string list;
    for (const auto& [id, inspect] : containers_) {
      list += (list.empty() ? "" : ",") + std::string(R"({"Id":")") + id + "\"}";
    }
    return "[" + list + "]";
  }
  for (const auto& [id, inspect] : containers_) {
    if (target == "/v1.41/containers/" + id + "/json") {
      return inspect;
    }
  }
  status = 404;
  return R"({"message":"No such container"})";
}

}  // namespace ringway::discovery
