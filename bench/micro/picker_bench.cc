#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>

#include "proxy/balance/picker.h"
#include "proxy/core/snapshot.h"

namespace ringway::proxy {
namespace {

enum class Weights : std::uint8_t { kEqual, kDifferent };

ServicePort port_with(Balancer balancer, std::size_t endpoints, Weights weights) {
  ServicePort port;
  port.key = {"shop", "web", "http", Protocol::kTcp};
  port.policy.balancer = balancer;
  port.stats = std::make_shared<ServiceStats>(1);
  for (std::size_t i = 0; i < endpoints; ++i) {
    const SocketAddress address(IpAddress::v4(0x0A000001U + static_cast<std::uint32_t>(i)), 8080);
    port.endpoints.push_back(
        std::make_shared<EndpointState>(port.key, address, "shop/web-" + std::to_string(i), port.stats));
    if (weights == Weights::kDifferent) {
      port.weights.push_back(static_cast<std::uint16_t>(1 + i % 100));
    }
  }
  return port;
}

/// One choice, with the count that a session keeps while it lives. The sessions of a turn end when the next one of the
/// same endpoint begins, so the counts stay level as they do under steady load.
void pick(benchmark::State& state, Balancer balancer, Weights weights) {
  const ServicePort port = port_with(balancer, static_cast<std::size_t>(state.range(0)), weights);
  const auto picker = make_picker(port);
  PickContext context;
  for (auto _ : state) {
    context.random = context.random * 6364136223846793005ULL + 1442695040888963407ULL;
    context.client = IpAddress::v4(static_cast<std::uint32_t>(context.random >> 32));
    EndpointState* const picked = picker->pick(context);
    benchmark::DoNotOptimize(picked);
    picked->active.fetch_add(1, std::memory_order_relaxed);
    picked->active.fetch_sub(1, std::memory_order_relaxed);
  }
}

/// What the control thread pays whenever an endpoint comes or goes.
void make(benchmark::State& state, Balancer balancer, Weights weights) {
  const ServicePort port = port_with(balancer, static_cast<std::size_t>(state.range(0)), weights);
  for (auto _ : state) {
    benchmark::DoNotOptimize(make_picker(port));
  }
}

#define PICKERS(name, balancer)                                                                 \
  BENCHMARK_CAPTURE(pick, name, balancer, Weights::kEqual)->RangeMultiplier(8)->Range(2, 4096); \
  BENCHMARK_CAPTURE(pick, name##_weighted, balancer, Weights::kDifferent)->RangeMultiplier(8)->Range(2, 4096)

PICKERS(round_robin, Balancer::kRoundRobin);
PICKERS(least_connections, Balancer::kLeastConnections);
PICKERS(power_of_two, Balancer::kPowerOfTwo);
PICKERS(random, Balancer::kRandom);
PICKERS(source_hash, Balancer::kSourceHash);
PICKERS(peak_ewma, Balancer::kPeakEwma);
PICKERS(first, Balancer::kFirst);
BENCHMARK_CAPTURE(make, round_robin_weighted, Balancer::kRoundRobin, Weights::kDifferent)->Arg(2)->Arg(64)->Arg(4096);
BENCHMARK_CAPTURE(make, source_hash, Balancer::kSourceHash, Weights::kEqual)->Arg(2)->Arg(64)->Arg(4096);
BENCHMARK_CAPTURE(make, source_hash_weighted, Balancer::kSourceHash, Weights::kDifferent)->Arg(2)->Arg(64)->Arg(4096);

}  // namespace
}  // namespace ringway::proxy
