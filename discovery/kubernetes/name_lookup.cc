#include "discovery/kubernetes/name_lookup.h"

#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include "discovery/source/time_limit.h"

namespace ringway::discovery {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using proxy::ErrorCode;
using proxy::failure;
using proxy::Result;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
std::atomic<int> running{0};

/// What the thread and who asked share; the last of the two frees it.
struct Question {
  std::string host;
  std::uint16_t port = 0;
  NameLookup::Ask ask;
  NameLookup::Found found;  ///< the thread's until `answered`
  std::atomic<bool> answered{false};
};

/// Asks on a thread of its own, which closes `done` at the end; false where no thread can be had.
bool ask_apart(std::shared_ptr<Question> question, int done) {
  if (running.fetch_add(1) >= NameLookup::kMaxRunning) {
    running.fetch_sub(1);
    return false;
  }
  // Signals are for the threads that expect them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  try {
    std::thread([question = std::move(question), done] {
      question->found = question->ask(question->host, question->port);
      question->answered.store(true, std::memory_order_release);
      running.fetch_sub(1);
      close(done);
    }).detach();
  } catch (const std::system_error&) {
    running.fetch_sub(1);
    started = false;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

}  // namespace

NameLookup::NameLookup(asio::any_io_executor executor, Ask ask)
    : executor_(std::move(executor)), ask_(std::move(ask)) {}

NameLookup::Found NameLookup::ask_system(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* all = nullptr;
  if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &all); error != 0) {
    return {error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error), {}};
  }
  Found found;
  for (const addrinfo* one = all; one != nullptr; one = one->ai_next) {
    tcp::endpoint endpoint;
    if (one->ai_addrlen <= endpoint.capacity()) {
      std::memcpy(endpoint.data(), one->ai_addr, one->ai_addrlen);
      endpoint.resize(one->ai_addrlen);
      found.endpoints.push_back(endpoint);
    }
  }
  freeaddrinfo(all);
  return found;
}

asio::awaitable<Result<std::vector<tcp::endpoint>>> NameLookup::find(std::string host, std::uint16_t port,
                                                                     std::chrono::milliseconds timeout) {
  const std::string doing = "looking up " + host;
  auto question = std::make_shared<Question>();
  question->host = std::move(host);
  question->port = port;
  question->ask = ask_;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    co_return failure(ErrorCode::kExhausted, doing + ": pipe: " + strerror(errno));
  }
  auto heard = std::make_shared<asio::posix::stream_descriptor>(executor_, ends[0]);
  if (!ask_apart(question, ends[1])) {
    close(ends[1]);
    co_return failure(ErrorCode::kExhausted, doing + ": no thread for it, or " + std::to_string(kMaxRunning) +
                                                 " look-ups wait for a DNS server");
  }
  waiting_ = heard;
  const TimeLimit limit(executor_, std::chrono::steady_clock::now() + timeout, [&heard] { heard->cancel(); });
  std::array<char, 1> nothing{};
  co_await heard->async_read_some(asio::buffer(nothing), kAwait);
  if (!question->answered.load(std::memory_order_acquire)) {
    co_return failure(ErrorCode::kUnavailable, doing + ": no answer within " + std::to_string(timeout.count()) + " ms");
  }
  if (!question->found.problem.empty()) {
    co_return failure(ErrorCode::kUnavailable, doing + ": " + question->found.problem);
  }
  co_return std::move(question->found.endpoints);
}

void NameLookup::cancel() {
  if (const auto heard = waiting_.lock()) {
    heard->cancel();
  }
}

}  // namespace ringway::discovery
