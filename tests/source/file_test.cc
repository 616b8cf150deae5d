#include "discovery/source/file.h"

#include <gmock/gmock.h>

namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

config::Pod pod() {
  config::Pod pod;
  pod.metadata.ns = "shop";
  pod.metadata.name = "web-1";
  pod.metadata.labels = {{"tier", "backend"}};
  pod.ports = {{"http", 8080, config::Protocol::kTcp},
               {"dns", 53, config::Protocol::kUdp},
               {"signalling", 3868, config::Protocol::kSctp},
               {"", 9090, config::Protocol::kTcp}};
  pod.ips = {"10.0.0.1", "10.0.0.2", "fd00::1"};
  pod.node = "node-a";
  return pod;
}

Workload only(const config::Pod& pod) {
  config::Configuration configuration;
  configuration.pods = {pod};
  config::Node node;
  node.metadata.name = "node-a";
  node.metadata.labels = {{"topology.kubernetes.io/zone", "z1"}};
  configuration.nodes = {node};
  auto workloads = workloads_of(configuration);
  EXPECT_EQ(workloads.size(), 1U);
  return workloads.at(0);
}

TEST(FileSource, TakesAPodAsItStands) {
  const auto workload = only(pod());
  EXPECT_EQ(workload.source, "file");
  EXPECT_EQ(workload.id, "shop/web-1");
  EXPECT_EQ(workload.ns, "shop");
  EXPECT_EQ(workload.name, "web-1");
  EXPECT_THAT(workload.labels, ElementsAre(Pair("tier", "backend")));
  EXPECT_EQ(workload.node, "node-a");
  EXPECT_EQ(workload.zone, "z1");
  EXPECT_TRUE(workload.ready);
  EXPECT_FALSE(workload.terminating);
  EXPECT_EQ(workload.reason, "");
}

TEST(FileSource, KeepsOneAddressOfEachFamilyAndPortsWithNames) {
  const auto workload = only(pod());
  EXPECT_THAT(workload.addresses,
              ElementsAre(*proxy::IpAddress::parse("10.0.0.1"), *proxy::IpAddress::parse("fd00::1")));
  EXPECT_THAT(workload.ports,
              UnorderedElementsAre(Pair("http", NamedPort{8080, false}), Pair("dns", NamedPort{53, true})));
}

TEST(FileSource, SaysWhyAPodIsNotReady) {
  auto not_ready = pod();
  not_ready.ready = false;
  EXPECT_EQ(only(not_ready).reason, "not ready");
  not_ready.not_ready_reason = "ContainersNotReady";
  EXPECT_EQ(only(not_ready).reason, "ContainersNotReady");
  EXPECT_FALSE(only(not_ready).ready);

  auto finished = pod();
  finished.finished = true;
  EXPECT_EQ(only(finished).reason, "finished");
  EXPECT_FALSE(only(finished).ready);

  auto lost = pod();
  lost.ips.clear();
  EXPECT_EQ(only(lost).reason, "no address (status.podIP is not set)");
  EXPECT_FALSE(only(lost).ready);
  EXPECT_THAT(only(lost).addresses, IsEmpty());
}

TEST(FileSource, TellsOfTerminatingPods) {
  auto leaving = pod();
  leaving.metadata.terminating = true;
  EXPECT_TRUE(only(leaving).terminating);
}

}  // namespace
}  // namespace ringway::discovery
