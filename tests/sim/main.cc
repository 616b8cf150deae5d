#include <malloc.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "tests/sim/world.h"

namespace ringway::sim {
namespace {

struct Range {
  std::uint64_t first = 1;
  std::uint64_t count = 1000;
  std::uint32_t sessions = 0;
  std::size_t trace_lines = 80;
};

/// Plays the seed once more, and writes down what happens.
void explain(std::uint64_t seed, const Range& range, proxy::EndedLog& ended) {
  World world(draw_scenario(seed, range.sessions), ended, true);
  const Outcome outcome = world.play();
  std::fputs(world.trace(range.trace_lines).c_str(), stdout);
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
              outcome.violation ? outcome.violation->what.c_str() : "no violation");
}

int search(const Range& range) {
  proxy::EndedLog ended;
  const auto begun = std::chrono::steady_clock::now();
  std::uint64_t sessions = 0;
  std::uint64_t bytes = 0;
  for (std::uint64_t seed = range.first; seed < range.first + range.count; ++seed) {
    World world(draw_scenario(seed, range.sessions), ended, false);
    const Outcome outcome = world.play();
    sessions += outcome.established;
    bytes += outcome.copied_bytes + outcome.spliced_bytes;
    if (outcome.violation) {
      explain(seed, range, ended);
      return 1;
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::printf("%llu seeds from %llu: no violation in %llu established sessions and %llu bytes (%.0f seeds/s)\n",
              static_cast<unsigned long long>(range.count), static_cast<unsigned long long>(range.first),
              static_cast<unsigned long long>(sessions), static_cast<unsigned long long>(bytes),
              static_cast<double>(range.count) / took.count());
  return 0;
}

int run(int argc, char** argv) {
  // A world is made and freed for each seed: its memory stays with the process.
  mallopt(M_MMAP_THRESHOLD, 1 << 28);
  mallopt(M_TRIM_THRESHOLD, 1 << 28);
  CLI::App app("Plays the data plane over a simulated network, seed after seed, until one breaks a promise");
  Range range;
  std::uint64_t seed = 0;
  bool trace = false;
  app.add_option("--seeds", range.count, "How many seeds")->capture_default_str();
  app.add_option("--first", range.first, "The first of them")->capture_default_str();
  auto* const one = app.add_option("--seed", seed, "This one only");
  app.add_flag("--trace", trace, "Print what happens, of --seed")->needs(one);
  app.add_option("--trace-lines", range.trace_lines, "The last so many lines of a trace")->capture_default_str();
  app.add_option("--sessions", range.sessions, "So many clients, in place of what the seed says");
  CLI11_PARSE(app, argc, argv);
  if (one->count() > 0) {
    range.first = seed;
    range.count = 1;
  }
  if (trace) {
    proxy::EndedLog ended;
    explain(seed, range, ended);
    return 0;
  }
  return search(range);
}

}  // namespace
}  // namespace ringway::sim

int main(int argc, char** argv) {
  return ringway::sim::run(argc, argv);
}
