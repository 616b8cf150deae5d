#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/discovery/deaf.h"
#include "discovery/reconciler.h"
#include "proxy/data_plane.h"

// What a change of one Pod costs on its way: the snapshot that the control thread builds, and its way into a worker.
namespace ringway {
namespace {

using bench::Deaf;
using bench::NoHealth;

constexpr std::int64_t kPods = 10;  ///< behind each Service

std::shared_ptr<config::Configuration> services(std::int64_t count) {
  auto configuration = std::make_shared<config::Configuration>();
  for (std::int64_t i = 0; i < count; ++i) {
    config::Service service;
    service.metadata.name = "web-" + std::to_string(i);
    service.metadata.ns = "shop";
    service.cluster_ips = {"127.96." + std::to_string(i / 250) + "." + std::to_string(1 + i % 250)};
    service.selector = *discovery::Selector::parse("app=web-" + std::to_string(i));
    service.ports = {{"http", 80, config::Protocol::kTcp, std::uint16_t{8080}}};
    configuration->services.push_back(std::move(service));
  }
  return configuration;
}

discovery::Workload pod(std::int64_t number) {
  discovery::Workload workload;
  workload.source = "docker";
  workload.id = std::to_string(number);
  workload.ns = "shop";
  workload.name = "pod-" + workload.id;
  workload.labels = {{"app", "web-" + std::to_string(number / kPods)}};
  workload.addresses = {proxy::IpAddress::v4(0x0A000001U + static_cast<std::uint32_t>(number))};
  workload.ready = true;
  return workload;
}

/// One Pod of many becomes ready, or no longer so: match, reconcile, build.
void snapshot_of_one_change(benchmark::State& state) {
  const proxy::SteadyClock clock;
  NoHealth checker;
  Deaf output;
  discovery::Reconciler reconciler(1, clock, checker, output);
  reconciler.configure(services(state.range(0)));
  std::vector<discovery::Workload> pods;
  for (std::int64_t i = 0; i < state.range(0) * kPods; ++i) {
    pods.push_back(pod(i));
    reconciler.workload_changed(nullptr, &pods.back(), clock.now());
  }
  reconciler.build();
  std::size_t turn = 0;
  for (auto _ : state) {
    discovery::Workload& changed = pods[turn++ * 7919 % pods.size()];
    const discovery::Workload before = changed;
    changed.ready = !changed.ready;
    reconciler.workload_changed(&before, &changed, clock.now());
    benchmark::DoNotOptimize(reconciler.build());
  }
}
BENCHMARK(snapshot_of_one_change)->Arg(10)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

/// From `publish` until a worker that slept runs the snapshot, one port of many being another one.
void snapshot_swap(benchmark::State& state) {
  auto started = proxy::DataPlane::start({.workers = 1, .manage_virtual_ips = false});
  if (!started) {
    state.SkipWithError(started.error().context.c_str());
    return;
  }
  const auto stats = std::make_shared<proxy::ServiceStats>(1);
  const auto port = [&] {
    auto made = std::make_shared<proxy::ServicePort>();
    made->stats = stats;
    return made;
  };
  auto snapshot = std::make_shared<proxy::Snapshot>();
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    snapshot->ports.push_back(port());
  }
  for (auto _ : state) {
    snapshot = std::make_shared<proxy::Snapshot>(*snapshot);
    snapshot->ports.set(0, port());
    const std::uint64_t version = ++snapshot->version;
    (*started)->publish(snapshot);
    while ((*started)->version_in_force() < version) {
      std::this_thread::yield();
    }
  }
}
BENCHMARK(snapshot_swap)->Arg(10)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace ringway
