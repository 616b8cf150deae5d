#include <chrono>
#include <random>
#include <set>

#include "tests/discovery/world.h"

// However changes come and are joined, what runs is what somebody would run who is told the end alone.
namespace ringway::discovery {
namespace {

constexpr std::size_t kSteps = 150;

class Draws {
 public:
  explicit Draws(std::uint32_t seed) : random_(seed) {}
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  /// Few, so that several say the same one.
  std::string address() {
    const std::string last = std::to_string(1 + below(9));
    return one_in(6) ? "fd00::" + last : "10.0.0." + last;
  }

 private:
  std::mt19937 random_;
};

config::EndpointSlice slice_of(Draws& draws, const std::string& name) {
  config::EndpointSlice slice;
  slice.metadata.ns = "shop";
  slice.metadata.name = name;
  slice.service = draws.one_in(8) ? "other" : "sliced";
  slice.ports = {{"http", static_cast<std::uint16_t>(draws.one_in(6) ? 9090 : 8080), config::Protocol::kTcp}};
  const std::string family = draws.address();
  for (std::size_t count = draws.below(5); count > 0; --count) {
    config::SliceEndpoint endpoint;
    do {
      endpoint.address = proxy::IpAddress::parse(draws.address()).value();
    } while (endpoint.address.is_v6() != family.contains(':'));
    endpoint.ready = !draws.one_in(3);
    endpoint.terminating = draws.one_in(5);
    endpoint.workload = proxy::SharedText("shop/pod-" + std::to_string(draws.below(6)));
    slice.endpoints.push_back(std::move(endpoint));
  }
  return slice;
}

/// Mostly one endpoint of it becomes ready or no longer so, as in a cluster.
config::EndpointSlice changed(Draws& draws, config::EndpointSlice slice) {
  if (slice.endpoints.empty() || draws.one_in(3)) {
    return slice_of(draws, slice.metadata.name);
  }
  auto& endpoint = slice.endpoints[draws.below(slice.endpoints.size())];
  endpoint.ready = !endpoint.ready;
  return slice;
}

Workload workload_of(Draws& draws, const std::string& name) {
  Workload workload = web_workload(name, draws.address());
  workload.labels["app"] = draws.one_in(4) ? "else" : "web";
  workload.ready = !draws.one_in(3);
  workload.terminating = draws.one_in(5);
  if (draws.one_in(8)) {
    workload.addresses.clear();
  }
  workload.ports = {{"http", {8081, false}}};
  if (draws.one_in(5)) {
    workload.ports.clear();
  }
  return workload;
}

std::shared_ptr<config::Configuration> services() {
  config::Service sliced = web_service();
  sliced.metadata.name = "sliced";
  sliced.selector.reset();
  sliced.cluster_ips = {"127.96.0.11", "fd00:96::11"};
  config::Service other = sliced;
  other.metadata.name = "other";
  other.cluster_ips = {"127.96.0.12"};
  config::Service named = web_service();
  named.metadata.name = "named";
  named.cluster_ips = {"127.96.0.13"};
  named.ports.front().target_port = std::string("http");
  return configuration_of({web_service(), sliced, other, named});
}

class ReconcilerProperty : public World, public testing::WithParamInterface<std::uint32_t> {
 protected:
  /// Endpoints that are there. Draining ones depend on what was before, and so does whom an endpoint is named for that
  /// several own.
  static std::set<std::string> present(const Reconciler& reconciler) {
    std::set<std::string> lines;
    for (const ServiceView& service : reconciler.services()) {
      for (const ServicePortView& one : service.ports) {
        for (const EndpointView& endpoint : one.endpoints) {
          if (endpoint.condition != EndpointCondition::kDraining || endpoint.usable) {
            lines.insert(one.running->key.to_string() + " " + endpoint.state->address.to_string() + " " +
                         std::string(to_string(endpoint.condition)) + (endpoint.usable ? " usable" : "") +
                         (endpoint.in_reserve ? " reserve" : ""));
          }
        }
      }
    }
    return lines;
  }

  void expect_as_if_told_the_end_alone() {
    build();
    Heard heard;
    SaidHealth health;
    Reconciler fresh(2, clock_, health, heard);
    fresh.configure(services());
    for (const auto& [id, slice] : slices_) {
      fresh.slice_changed(id, std::make_shared<const config::EndpointSlice>(slice), clock_.now());
    }
    for (const auto& [id, workload] : workloads_) {
      fresh.workload_changed(nullptr, workload.get(), clock_.now());
    }
    fresh.build();
    ASSERT_EQ(present(reconciler_), present(fresh));
  }

  void step(Draws& draws) {
    const std::string name = std::to_string(draws.below(5));
    const std::string id = "shop/slice-" + name;
    switch (draws.below(6)) {
      case 0:
        if (slices_.erase(id) > 0) {
          reconciler_.slice_changed(id, nullptr, clock_.now());
        }
        return;
      case 1:
        if (workloads_.contains("id-" + name)) {
          remove(name);
        }
        return;
      case 2:
        put(workload_of(draws, name));
        return;
      default: {
        const auto known = slices_.find(id);
        slices_[id] = known == slices_.end() ? slice_of(draws, "slice-" + name) : changed(draws, known->second);
        reconciler_.slice_changed(id, std::make_shared<const config::EndpointSlice>(slices_[id]), clock_.now());
      }
    }
  }

  std::map<std::string, config::EndpointSlice> slices_;
};

TEST_P(ReconcilerProperty, WhatRunsIsWhatWouldRunIfOnlyTheEndHadBeenTold) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Draws draws(GetParam());
  reconciler_.configure(services());
  for (std::size_t i = 0; i < kSteps; ++i) {
    step(draws);
    if (draws.one_in(3)) {
      SCOPED_TRACE("after step " + std::to_string(i));
      expect_as_if_told_the_end_alone();
      if (HasFatalFailure()) {
        return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReconcilerProperty, testing::Range(1U, 41U));

}  // namespace
}  // namespace ringway::discovery
