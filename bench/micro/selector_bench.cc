#include <benchmark/benchmark.h>

#include <string>

#include "discovery/labels/selector.h"

namespace ringway::discovery {
namespace {

constexpr const char* kSelector = "tier=backend, release in (stable,canary), !legacy, weight>2";

/// As many labels as a Pod of a Helm chart carries.
Labels labels_of_a_pod() {
  Labels labels = {{"tier", "backend"}, {"release", "canary"}, {"weight", "7"}};
  for (int i = 0; i < 12; ++i) {
    labels["app.kubernetes.io/part-" + std::to_string(i)] = "value-" + std::to_string(i);
  }
  return labels;
}

void parse_selector(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(Selector::parse(kSelector));
  }
}
BENCHMARK(parse_selector);

void match_selector(benchmark::State& state) {
  const Selector selector = Selector::parse(kSelector).value();
  const Labels labels = labels_of_a_pod();
  for (auto _ : state) {
    benchmark::DoNotOptimize(selector.matches(labels));
  }
}
BENCHMARK(match_selector);

}  // namespace
}  // namespace ringway::discovery
