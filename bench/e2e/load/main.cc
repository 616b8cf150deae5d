#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/e2e/load/bulk.h"
#include "bench/e2e/load/connects.h"
#include "bench/e2e/load/idle.h"
#include "bench/e2e/load/ping_pong.h"
#include "bench/e2e/load/window.h"
#include "bench/e2e/wire/socket.h"

namespace ringway::bench {
namespace {

struct Options {
  std::string work = "ping-pong";
  std::string to = "127.0.0.11:7000";
  std::string control;
  std::string direction = "down";
  std::uint32_t connections = 64;
  std::uint32_t bytes = 64;
  double seconds = 3;
  double warm_up = 0.5;
  std::vector<std::string> watched;
};

constexpr std::uint32_t kMixedBulk = 16;
constexpr std::uint32_t kMixedSmall = 256;
constexpr std::uint32_t kMixedSmall_bytes = 64;

std::vector<std::unique_ptr<Work>> make_works(const Options& options, Loop& loop) {
  const sockaddr_in echo = read_address(options.to);
  const auto port = [&echo](Role role) { return next_port(echo, static_cast<std::uint16_t>(role)); };
  std::vector<std::unique_ptr<Work>> works;
  if (options.work == "ping-pong") {
    works.push_back(std::make_unique<PingPong>(loop, 0, echo, options.connections, options.bytes));
  } else if (options.work == "bulk") {
    const Bulk::Directions directions{.down = options.direction != "up", .up = options.direction != "down"};
    works.push_back(std::make_unique<Bulk>(loop, 0, port(directions.down ? Role::kSource : Role::kDiscard),
                                           options.connections, directions));
  } else if (options.work == "connect") {
    works.push_back(std::make_unique<Connects>(loop, 0, echo, options.connections));
  } else {
    const Bulk::Directions down{.down = true};
    works.push_back(std::make_unique<PingPong>(loop, 0, echo, kMixedSmall, kMixedSmall_bytes));
    works.push_back(std::make_unique<Bulk>(loop, 1, port(Role::kSource), kMixedBulk, down));
  }
  return works;
}

/// Lets the works run for so long.
void run_for(Loop& loop, std::vector<std::unique_ptr<Work>>& works, double seconds) {
  loop.alarm(std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
  bool over = false;
  while (!over) {
    loop.turn([&](const Completion& completion) {
      if (completion.token.operation == Operation::kAlarm) {
        over = true;
      } else {
        works[completion.token.owner]->complete(completion);
      }
    });
  }
}

nlohmann::json run(const Options& options) {
  std::vector<Watched> watched;
  for (const std::string& text : options.watched) {
    watched.push_back(watch(text));
  }
  Window window(std::move(watched), options.control.empty() ? -1 : connect_to(read_address(options.control)));
  Loop loop;
  auto works = make_works(options, loop);
  for (auto& work : works) {
    work->start();
  }
  run_for(loop, works, options.warm_up);
  window.begin();
  for (auto& work : works) {
    work->measure();
  }
  run_for(loop, works, options.seconds);
  window.end();
  nlohmann::json result = window.report();
  result["errors"] = 0;
  for (const auto& work : works) {
    result.update(work->report(window.seconds()));
    result["errors"] = result["errors"].get<std::uint64_t>() + work->errors();
    if (!work->first_error().empty()) {
      result["first_error"] = work->first_error();
    }
  }
  return result;
}

int run_main(int argc, char** argv) {
  Options options;
  CLI::App app("The client of the end-to-end benchmark; prints one JSON object", "ringway-load");
  app.add_option("--work", options.work, "what it does")
      ->check(CLI::IsMember({"ping-pong", "bulk", "connect", "mixed", "idle"}))
      ->capture_default_str();
  app.add_option("--to", options.to, "IPv4:PORT of echo; source and discard are the next two")->capture_default_str();
  app.add_option("--control", options.control, "IPv4:PORT of the sink's control, past the proxy");
  app.add_option("--direction", options.direction, "of bulk")->check(CLI::IsMember({"down", "up", "both"}));
  app.add_option("--connections", options.connections, "at once")->check(CLI::Range(1, 10'000));
  app.add_option("--bytes", options.bytes, "of a ping")->check(CLI::Range(1, 65536));
  app.add_option("--seconds", options.seconds, "that are measured")->check(CLI::PositiveNumber);
  app.add_option("--warm-up", options.warm_up, "seconds before that")->check(CLI::PositiveNumber);
  app.add_option("--watch", options.watched, "NAME=PID: its CPU time is told; repeatable");
  CLI11_PARSE(app, argc, argv);
  try {
    if (options.work == "idle") {
      hold_idle(read_address(options.to));
    } else {
      std::puts(run(options).dump().c_str());
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ringway-load: %s\n", error.what());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace ringway::bench

int main(int argc, char** argv) {
  return ringway::bench::run_main(argc, argv);
}
