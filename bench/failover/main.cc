#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

#include "bench/e2e/wire/socket.h"
#include "bench/failover/clients.h"
#include "bench/failover/endpoint.h"
#include "bench/failover/watch.h"

namespace {

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1'000));
}

}  // namespace

int main(int argc, char** argv) {
  std::string address;
  unsigned per_s = 500;
  double seconds = 10;
  double limit = 5;
  CLI::App app("The ends of a failover, and who watches it", "ringway-failover");
  app.require_subcommand(1);
  CLI::App* const endpoint = app.add_subcommand("endpoint", "echo for sessions, and on the next port for checks");
  endpoint->add_option("--listen", address, "IPv4:PORT")->required();
  CLI::App* const clients = app.add_subcommand("clients", "connections at a steady rate, a line for each");
  clients->add_option("--to", address, "IPv4:PORT")->required();
  clients->add_option("--per-second", per_s, "connections begun")
      ->check(CLI::Range(1U, 10'000U))
      ->capture_default_str();
  clients->add_option("--seconds", seconds, "for which they are begun")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  clients->add_option("--limit", limit, "seconds for an answer")->check(CLI::PositiveNumber)->capture_default_str();
  CLI::App* const watch = app.add_subcommand("watch", "a line for each new connection to an address");
  watch->add_option("--to", address, "IPv4:PORT")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    const sockaddr_in at = ringway::bench::read_address(address);
    if (*endpoint) {
      ringway::bench::serve(at);
    } else if (*clients) {
      ringway::bench::run_clients(
          {.to = at, .per_s = per_s, .time = milliseconds(seconds), .limit = milliseconds(limit)});
    } else {
      ringway::bench::watch_connects(at);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ringway-failover: %s\n", error.what());
    return 1;
  }
  return 0;
}
