#include "tests/harness/steady_load.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ringway::test {
namespace {

constexpr std::string_view kPing = "ping";

int error_of(const TcpClient& client) {
  switch (client.ending()) {
    case Ending::kReset:
      return ECONNRESET;
    case Ending::kTimeout:
      return ETIMEDOUT;
    default:
      return 0;
  }
}

}  // namespace

std::string SteadyFailure::text() const {
  const std::string what = error == 0 ? "early FIN" : std::strerror(error);
  return step + ": " + what + (server.empty() ? "" : " (" + server + ")");
}

Greeting read_greeting(TcpClient& client) {
  std::string line;
  for (std::string byte; (byte = client.receive(1)) != "\n"; line += byte) {
    if (byte.empty()) {
      return {};
    }
  }
  const auto space = line.find(' ');
  return {.release = line.substr(0, space), .server = line.substr(space == std::string::npos ? 0 : space + 1)};
}

std::string summary(const std::vector<SteadyFailure>& failures) {
  std::map<std::string, std::size_t> counts;
  for (const auto& failure : failures) {
    ++counts[failure.text()];
  }
  std::string text;
  for (const auto& [what, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " × " + what;
  }
  return text;
}

SteadyLoad::SteadyLoad(SteadyOptions options) : options_(options), turns_(options.threads) {
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this, i] { work(i); });
  }
}

SteadyLoad::~SteadyLoad() {
  stopping_ = true;
}

SteadyReport SteadyLoad::report() const {
  const std::scoped_lock lock(mutex_);
  return report_;
}

std::vector<SteadyFailure> SteadyLoad::take_failures() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(failures_, {});
}

bool SteadyLoad::settle() {
  const std::vector<std::uint64_t> before(turns_.begin(), turns_.end());
  return wait_until([&] {
    return std::ranges::equal(turns_, before, [](std::uint64_t now, std::uint64_t then) { return now > then; });
  });
}

void SteadyLoad::work(std::size_t thread) {
  while (!stopping_) {
    connect_once();
    ++turns_[thread];
    std::this_thread::sleep_for(options_.pause);
  }
}

void SteadyLoad::connect_once() {
  const auto began = std::chrono::system_clock::now();
  TcpClient client(options_.to);
  if (!client.connected()) {
    fail({.step = "connect", .error = client.error(), .server = {}, .began = began});
    return;
  }
  const Greeting greeting = read_greeting(client);
  if (greeting.server.empty()) {
    fail({.step = "greeting", .error = error_of(client), .server = {}, .began = began});
    return;
  }
  {
    const std::scoped_lock lock(mutex_);
    ++report_.by_server[greeting.server];
    ++report_.by_release[greeting.release];
    report_.first.try_emplace(greeting.server, std::chrono::system_clock::now());
  }
  if (!client.send(kPing) || client.receive(kPing.size()) != kPing) {
    fail({.step = "echo", .error = error_of(client), .server = greeting.server, .began = began});
    return;
  }
  client.finish();
  if (!client.receive_all().empty() || client.ending() != Ending::kFin) {
    fail({.step = "end", .error = error_of(client), .server = greeting.server, .began = began});
    return;
  }
  const std::scoped_lock lock(mutex_);
  ++report_.finished;
}

void SteadyLoad::fail(SteadyFailure failure) {
  const std::scoped_lock lock(mutex_);
  failures_.push_back(std::move(failure));
}

}  // namespace ringway::test
