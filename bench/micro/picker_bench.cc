#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>

#include "proxy/balance/picker.h"
#include "proxy/core/snapshot.h"

namespace ringway::proxy {
namespace {

ServicePort port_with(Balancer balancer, std::size_t endpoints) {
  ServicePort port;
  port.key = {"shop", "web", "http", Protocol::kTcp};
  port.policy.balancer = balancer;
  port.stats = std::make_shared<ServiceStats>(1);
  for (std::size_t i = 0; i < endpoints; ++i) {
    const SocketAddress address(IpAddress::v4(0x0A000001U + static_cast<std::uint32_t>(i)), 8080);
    port.endpoints.push_back(
        std::make_shared<EndpointState>(port.key, address, "shop/web-" + std::to_string(i), port.stats));
  }
  return port;
}

/// One choice, with the count that a session keeps while it lives. The sessions of a turn end when the next one of the
/// same endpoint begins, so the counts stay level as they do under steady load.
void pick(benchmark::State& state, Balancer balancer) {
  const ServicePort port = port_with(balancer, static_cast<std::size_t>(state.range(0)));
  const auto picker = make_picker(port);
  PickContext context;
  for (auto _ : state) {
    context.random = context.random * 6364136223846793005ULL + 1442695040888963407ULL;
    EndpointState* const picked = picker->pick(context);
    benchmark::DoNotOptimize(picked);
    picked->active.fetch_add(1, std::memory_order_relaxed);
    picked->active.fetch_sub(1, std::memory_order_relaxed);
  }
}

BENCHMARK_CAPTURE(pick, round_robin, Balancer::kRoundRobin)->RangeMultiplier(8)->Range(2, 4096);
BENCHMARK_CAPTURE(pick, least_connections, Balancer::kLeastConnections)->RangeMultiplier(8)->Range(2, 4096);
BENCHMARK_CAPTURE(pick, random, Balancer::kRandom)->RangeMultiplier(8)->Range(2, 4096);

}  // namespace
}  // namespace ringway::proxy
