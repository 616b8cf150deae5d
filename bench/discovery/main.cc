#include <poll.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "bench/discovery/cluster.h"
#include "bench/discovery/first_sync.h"
#include "bench/discovery/stage.h"
#include "tests/harness/own_namespace.h"
#include "tests/harness/places.h"

// What a change costs against the size of the cluster: Reconciler, snapshot, and its way into every worker.
namespace ringway::bench {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

/// spec.minSyncPeriod by default.
constexpr std::size_t kPeriod_ms = 10;

struct Options {
  std::uint32_t workers = 1;
  std::size_t changes = 200;
  std::size_t rate = 1'000;
  double seconds = 3;
  std::string mode = "auto";
  bool largest_alone = false;
};

double at(std::vector<double>& values, double quantile) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(static_cast<double>(values.size() - 1) * quantile)];
}

struct Costs {
  std::vector<double> cpu_us;
  std::vector<double> wall_us;
};

/// One endpoint of `slice` becomes ready, or no longer so, and every worker knows.
Costs change(Stage& stage, config::EndpointSlice& slice, std::size_t times) {
  Costs costs;
  const std::string id = id_of(slice);
  for (std::size_t i = 0; i < times; ++i) {
    auto& endpoint = slice.endpoints[i / 2 % slice.endpoints.size()];
    endpoint.ready = !endpoint.ready;
    const double cpu = cpu_us();
    const auto begin = steady_clock::now();
    stage.reconciler().slice_changed(id, std::make_shared<const config::EndpointSlice>(slice), stage.clock().now());
    stage.publish();
    stage.await_in_force();
    costs.wall_us.push_back(duration<double, std::micro>(steady_clock::now() - begin).count());
    costs.cpu_us.push_back(cpu_us() - cpu);
  }
  return costs;
}

/// Changes all over the cluster at a steady rate, put in force together once in each period.
void sustain(Stage& stage, Cluster& cluster, const Options& options) {
  const std::size_t in_period = std::max<std::size_t>(options.rate * kPeriod_ms / 1'000, 1);
  const auto periods = static_cast<std::size_t>(options.seconds * 1'000 / static_cast<double>(kPeriod_ms));
  std::vector<double> batch_us;
  std::vector<double> wall_us;
  static_cast<void>(stage.longest_turn_us());
  const double cpu = cpu_us();
  const auto begin = steady_clock::now();
  std::size_t turn = 0;
  for (std::size_t period = 0; period < periods; ++period) {
    const auto started = steady_clock::now();
    for (std::size_t i = 0; i < in_period; ++i) {
      auto& slice = cluster.slices()[turn++ * 7'919 % cluster.slices().size()];
      slice.endpoints.front().ready = !slice.endpoints.front().ready;
      stage.reconciler().slice_changed(id_of(slice), std::make_shared<const config::EndpointSlice>(slice),
                                       stage.clock().now());
    }
    stage.publish();
    batch_us.push_back(duration<double, std::micro>(steady_clock::now() - started).count());
    stage.await_in_force();
    wall_us.push_back(duration<double, std::micro>(steady_clock::now() - started).count());
    std::this_thread::sleep_until(begin + std::chrono::milliseconds(kPeriod_ms * (period + 1)));
  }
  const double took_s = duration<double>(steady_clock::now() - begin).count();
  std::printf(
      "  %zu changes in %.1f s, in force together each %zu ms: %.0f/s, %.0f%% of a CPU; a batch p50 %.0f p99 %.0f us, "
      "in force after p50 %.0f p99 %.0f max %.0f us; longest turn of a worker %.0f us\n",
      periods * in_period, took_s, kPeriod_ms, static_cast<double>(periods * in_period) / took_s,
      (cpu_us() - cpu) / took_s / 1e4, at(batch_us, 0.5), at(batch_us, 0.99), at(wall_us, 0.5), at(wall_us, 0.99),
      at(wall_us, 1), stage.longest_turn_us());
}

void measure(const std::vector<Kind>& kinds, const Options& options) {
  Cluster cluster(kinds);
  Stage stage(options.workers);
  auto begin = steady_clock::now();
  double cpu = cpu_us();
  stage.configure(cluster.configuration());
  std::printf("\n%zu Services, %zu endpoints in %zu slices, %u workers\n", cluster.configuration()->services.size(),
              cluster.endpoints(), cluster.slices().size(), options.workers);
  std::printf("  Services in force: %.0f ms (CPU %.0f ms)\n",
              duration<double, std::milli>(steady_clock::now() - begin).count(), (cpu_us() - cpu) / 1e3);
  const std::size_t before = allocated_bytes();
  begin = steady_clock::now();
  cpu = cpu_us();
  for (const auto& slice : cluster.slices()) {
    stage.reconciler().slice_changed(id_of(slice), std::make_shared<const config::EndpointSlice>(slice),
                                     stage.clock().now());
  }
  stage.publish();
  stage.await_in_force();
  std::printf(
      "  endpoints in force: %.0f ms (CPU %.0f ms); %.0f bytes for each; longest turn of a worker till here %.0f us\n",
      duration<double, std::milli>(steady_clock::now() - begin).count(), (cpu_us() - cpu) / 1e3,
      static_cast<double>(allocated_bytes() - before) / static_cast<double>(cluster.endpoints()),
      stage.longest_turn_us());
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    static_cast<void>(stage.longest_turn_us());
    Costs costs = change(stage, cluster.slices()[cluster.first_slice(kind)], options.changes);
    std::printf(
        "  one of %zu endpoints: CPU p50 %.0f p99 %.0f us, in force after p50 %.0f p99 %.0f max %.0f us; "
        "longest turn of a worker %.0f us\n",
        kinds[kind].endpoints, at(costs.cpu_us, 0.5), at(costs.cpu_us, 0.99), at(costs.wall_us, 0.5),
        at(costs.wall_us, 0.99), at(costs.wall_us, 1), stage.longest_turn_us());
  }
  sustain(stage, cluster, options);
}

}  // namespace
}  // namespace ringway::bench

int main(int argc, char** argv) {
  using namespace ringway::bench;
  Options options;
  CLI::App app("What a change costs against the size of the cluster.");
  app.add_option("--workers", options.workers, "of the workers alone")->capture_default_str();
  app.add_option("--rate", options.rate, "changes each second")->capture_default_str();
  app.add_option("--seconds", options.seconds, "of steady changes")->capture_default_str();
  app.add_option("--virtual-ips", options.mode, "spec.virtualIPs.mode of the whole daemon")->capture_default_str();
  app.add_flag("--largest", options.largest_alone, "only the largest of the clusters");
  CLI11_PARSE(app, argc, argv);
  ringway::test::raise_file_limit();
  if (const std::string hindrance = ringway::test::enter_own_namespace(); !hindrance.empty()) {
    std::printf("No network namespace of our own (%s): ports may be taken.\n", hindrance.c_str());
  }
  try {
    std::vector<std::vector<Kind>> sizes = {{{100, 10}}, {{1'000, 10}}, {{10'000, 10}}, {{10'000, 10}, {50, 1'000}}};
    if (options.largest_alone) {
      sizes.erase(sizes.begin(), std::prev(sizes.end()));
    }
    for (const auto& kinds : sizes) {
      measure(kinds, options);
      std::fflush(stdout);
    }
    for (const auto& kinds : sizes) {
      if (!measure_first_sync(kinds, options.mode)) {
        return 1;
      }
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
