#include "discovery/candidates.h"

#include "tests/discovery/world.h"

namespace ringway::discovery {
namespace {

std::vector<std::string> addresses(const CandidateSet& set) {
  std::vector<std::string> texts;
  for (const auto& [address, candidate] : set.endpoints) {
    texts.push_back(address.to_string());
  }
  return texts;
}

CandidateSet of_workloads(const config::Service& service, const std::vector<Workload>& workloads) {
  std::vector<const Workload*> members;
  for (const Workload& workload : workloads) {
    members.push_back(&workload);
  }
  return candidates_from_workloads(service, service.ports[0], members);
}

CandidateSet of_slices(const config::Service& service, const std::vector<config::EndpointSlice>& slices) {
  std::vector<const config::EndpointSlice*> pointers;
  for (const config::EndpointSlice& slice : slices) {
    pointers.push_back(&slice);
  }
  return candidates_from_slices(service, service.ports[0], pointers);
}

config::SliceEndpoint slice_endpoint(const std::string& address, const std::string& target = "") {
  config::SliceEndpoint endpoint;
  endpoint.address = proxy::IpAddress::parse(address).value();
  endpoint.workload = proxy::SharedText(target.empty() ? "" : "shop/" + target);
  return endpoint;
}

config::EndpointSlice web_slice(std::vector<config::SliceEndpoint> endpoints) {
  config::EndpointSlice slice;
  slice.metadata.name = "web-1";
  slice.metadata.ns = "shop";
  slice.service = "web";
  slice.ports = {{"http", 8080, config::Protocol::kTcp}};
  slice.endpoints = std::move(endpoints);
  return slice;
}

using Texts = std::vector<std::string>;

TEST(CandidatesFromWorkloads, NamedPortIsResolvedWorkloadByWorkload) {
  config::Service service = web_service();
  service.ports[0].target_port = "http";
  Workload one = web_workload("one", "127.0.0.1");
  one.ports = {{"http", {8080, false}}};
  Workload two = web_workload("two", "127.0.0.2");
  two.ports = {{"http", {53, true}}, {"http", {9090, false}}};
  Workload three = web_workload("three", "127.0.0.3");
  three.ports = {{"http", {53, true}}};
  const CandidateSet set = of_workloads(service, {one, two, three});
  EXPECT_EQ(addresses(set), (Texts{"127.0.0.1:8080", "127.0.0.2:9090"}));
  ASSERT_EQ(set.unresolved.size(), 1U);
  EXPECT_EQ(set.unresolved[0].second.workload, "shop/three");
  EXPECT_EQ(set.unresolved[0].second.origin.get().reason, "no port named http");
  EXPECT_FALSE(set.unresolved[0].second.ready);
}

TEST(CandidatesFromWorkloads, TakesTheFirstAddressOfEachFamilyOfTheVirtualIps) {
  Workload both = web_workload("both", "fd00::1");
  both.addresses.push_back(*proxy::IpAddress::parse("127.0.0.1"));
  config::Service service = web_service();
  EXPECT_EQ(addresses(of_workloads(service, {both})), Texts{"127.0.0.1:8080"});
  service.cluster_ips = {"127.96.0.10", "fd00::10"};
  EXPECT_EQ(addresses(of_workloads(service, {both})), (Texts{"127.0.0.1:8080", "[fd00::1]:8080"}));
  EXPECT_EQ(addresses(of_workloads(service, {web_workload("four", "127.0.0.4")})), Texts{"127.0.0.4:8080"})
      << "and none for a family that it has not";
}

TEST(CandidatesFromWorkloads, TakesTheOtherFamilyWhereThereIsNoneOfItsOwn) {
  EXPECT_EQ(addresses(of_workloads(web_service(), {web_workload("six", "fd00::1")})), Texts{"[fd00::1]:8080"});
}

TEST(CandidatesFromWorkloads, ShowsAWorkloadWithoutAnAddress) {
  Workload workload = web_workload("bare", "127.0.0.1");
  workload.addresses.clear();
  workload.ready = false;
  workload.reason = "no address in network front";
  const CandidateSet set = of_workloads(web_service(), {workload});
  EXPECT_TRUE(set.endpoints.empty());
  ASSERT_EQ(set.unresolved.size(), 1U);
  EXPECT_EQ(set.unresolved[0].second.origin.get().reason, "no address in network front");
}

TEST(CandidatesFromWorkloads, PublishNotReadyAddressesMakesReady) {
  config::Service service = web_service();
  Workload workload = web_workload("slow", "127.0.0.1");
  workload.ready = false;
  EXPECT_FALSE(of_workloads(service, {workload}).endpoints.begin()->second.ready);
  service.publish_not_ready_addresses = true;
  EXPECT_TRUE(of_workloads(service, {workload}).endpoints.begin()->second.ready);
}

TEST(CandidatesFromWorkloads, OneAddressOfTwoWorkloadsIsReadyWhereOneIs) {
  Workload one = web_workload("a", "127.0.0.1");
  one.ready = false;
  const Workload two = web_workload("b", "127.0.0.1");
  for (const std::vector<Workload>& order : {std::vector{one, two}, std::vector{two, one}}) {
    const CandidateSet set = of_workloads(web_service(), order);
    ASSERT_EQ(set.endpoints.size(), 1U);
    EXPECT_TRUE(set.endpoints.begin()->second.ready);
    EXPECT_EQ(set.endpoints.begin()->second.workload, "shop/b");
    EXPECT_EQ(set.endpoints.begin()->second.origin.get().owners, (Texts{"docker/id-a", "docker/id-b"}));
  }
}

TEST(CandidatesFromSlices, JoinsByPortNameAndProtocolNeverByNumber) {
  config::Service service = web_service();
  service.selector.reset();
  config::EndpointSlice other_name = web_slice({slice_endpoint("127.0.0.2")});
  other_name.ports = {{"metrics", 80, config::Protocol::kTcp}};
  config::EndpointSlice other_protocol = web_slice({slice_endpoint("127.0.0.3")});
  other_protocol.ports = {{"http", 80, config::Protocol::kUdp}};
  config::EndpointSlice no_number = web_slice({slice_endpoint("127.0.0.4")});
  no_number.ports = {{"http", 0, config::Protocol::kTcp}};
  EXPECT_EQ(
      addresses(of_slices(service, {web_slice({slice_endpoint("127.0.0.1")}), other_name, other_protocol, no_number})),
      Texts{"127.0.0.1:8080"});
}

TEST(CandidatesFromSlices, SameAddressInSeveralSlicesIsOneEndpoint) {
  config::SliceEndpoint not_ready = slice_endpoint("127.0.0.1", "web-1");
  not_ready.ready = false;
  const CandidateSet set =
      of_slices(web_service(), {web_slice({not_ready}), web_slice({slice_endpoint("127.0.0.1", "web-1")})});
  ASSERT_EQ(set.endpoints.size(), 1U);
  EXPECT_TRUE(set.endpoints.begin()->second.ready);
  EXPECT_EQ(set.endpoints.begin()->second.workload, "shop/web-1");
}

TEST(CandidatesFromSlices, DualStackTargetCountsOnceForAServiceOfOneFamilyAndForEachOfTwo) {
  config::Service service = web_service();
  service.cluster_ips = {"fd00::10"};
  const std::vector<config::EndpointSlice> slices = {
      web_slice(
          {slice_endpoint("127.0.0.1", "web-1"), slice_endpoint("127.0.0.2", "web-2"), slice_endpoint("127.0.0.9")}),
      web_slice({slice_endpoint("fd00::1", "web-1")})};
  EXPECT_EQ(addresses(of_slices(service, slices)), (Texts{"127.0.0.2:8080", "127.0.0.9:8080", "[fd00::1]:8080"}));
  service.cluster_ips.emplace_back("127.96.0.10");
  EXPECT_EQ(addresses(of_slices(service, slices)),
            (Texts{"127.0.0.1:8080", "127.0.0.2:8080", "127.0.0.9:8080", "[fd00::1]:8080"}));
}

}  // namespace
}  // namespace ringway::discovery
