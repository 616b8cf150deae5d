#include <CLI/CLI.hpp>
#include <cstdio>

#include "tests/sim/sources/world.h"

namespace ringway::sim {
namespace {

int search(std::uint64_t first, std::uint64_t count) {
  proxy::EndedLog ended;
  SourcesOutcome sum;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SourcesWorld world(seed, ended);
    const SourcesOutcome outcome = world.play();
    sum.connects += outcome.connects;
    sum.ended += outcome.ended;
    sum.refused += outcome.refused;
    sum.snapshots += outcome.snapshots;
    if (outcome.violation) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), outcome.violation->c_str());
      return 1;
    }
  }
  std::printf(
      "%llu seeds from %llu: no violation in %llu sessions, %llu of them refused for want of an endpoint, %llu "
      "connects and %llu snapshots\n",
      static_cast<unsigned long long>(count), static_cast<unsigned long long>(first),
      static_cast<unsigned long long>(sum.ended), static_cast<unsigned long long>(sum.refused),
      static_cast<unsigned long long>(sum.connects), static_cast<unsigned long long>(sum.snapshots));
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("Plays sources, Store, Reconciler and data plane in one simulated time, seed after seed");
  std::uint64_t count = 300;
  std::uint64_t first = 1;
  std::uint64_t seed = 0;
  app.add_option("--seeds", count, "How many seeds")->capture_default_str();
  app.add_option("--first", first, "The first of them")->capture_default_str();
  auto* const one = app.add_option("--seed", seed, "This one only");
  CLI11_PARSE(app, argc, argv);
  return one->count() > 0 ? search(seed, 1) : search(first, count);
}

}  // namespace
}  // namespace ringway::sim

int main(int argc, char** argv) {
  return ringway::sim::run(argc, argv);
}
