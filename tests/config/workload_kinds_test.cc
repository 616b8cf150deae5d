#include "tests/config/loading.h"

namespace ringway::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string pod_with(const std::string& rest) {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\n" + rest;
}

Pod pod(const std::string& rest) {
  const auto configuration = loaded(pod_with(rest));
  return configuration.pods.empty() ? Pod{} : configuration.pods[0];
}

TEST(PodKind, every_field_is_read) {
  const Pod value = pod(R"(
spec:
  nodeName: node-a
  containers:
  - {name: web, ports: [{name: http, containerPort: 8080}, {containerPort: 53, protocol: UDP}]}
  - {name: empty}
  initContainers:
  - {name: once, ports: [{name: never, containerPort: 1}]}
  - {name: sidecar, restartPolicy: Always, ports: [{name: metrics, containerPort: 9100}]}
status:
  podIP: 127.0.0.11
  podIPs: [{ip: 127.0.0.11}, {ip: "FD00::0:1"}]
  phase: Running
  conditions: [{type: Initialized, status: "False"}, {type: Ready, status: "True"}]
)");
  EXPECT_EQ(value.node, "node-a");
  ASSERT_EQ(value.ports.size(), 3U);
  EXPECT_EQ(value.ports[0].name, "http");
  EXPECT_EQ(value.ports[1].protocol, Protocol::kUdp);
  EXPECT_EQ(value.ports[2].name, "metrics");
  EXPECT_THAT(value.ips, ElementsAre("127.0.0.11", "fd00::1"));
  EXPECT_TRUE(value.ready);
  EXPECT_FALSE(value.finished);
  EXPECT_FALSE(value.metadata.terminating);
}

TEST(PodKind, is_ready_unless_its_condition_says_otherwise) {
  EXPECT_TRUE(pod("status: {podIP: 127.0.0.11}").ready);
  const Pod not_ready =
      pod("status: {podIP: 127.0.0.1, conditions: [{type: Ready, status: \"False\", reason: "
          "ContainersNotReady, message: \"unready: [c]\"}]}");
  EXPECT_FALSE(not_ready.ready);
  EXPECT_EQ(not_ready.not_ready_reason, "ContainersNotReady: unready: [c]");
  EXPECT_EQ(pod("status: {conditions: [{type: Ready, status: Unknown}]}").not_ready_reason,
            "its condition Ready is Unknown");
}

TEST(PodKind, its_end_is_seen) {
  EXPECT_TRUE(pod("status: {phase: Succeeded}").finished);
  EXPECT_TRUE(pod("status: {phase: Failed}").finished);
  EXPECT_TRUE(loaded("apiVersion: v1\nkind: Pod\nmetadata: {name: a, deletionTimestamp: \"2026-01-01T00:00:00Z\"}\n")
                  .pods[0]
                  .metadata.terminating);
}

TEST(PodKind, without_an_address_is_noted) {
  EXPECT_THAT(loaded(pod_with("")).notes, ElementsAre("pod shop/a: no status.podIP, so it is no endpoint"));
}

TEST(PodKind, wrong_values_say_what_is_allowed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"spec: {containers: [{ports: [{containerPort: 0}]}]}",
       "spec.containers[0].ports[0].containerPort: expected a whole number"},
      {"spec: {containers: [{ports: [{name: x}]}]}", "containerPort: a port from 1 to 65535 is needed"},
      {"spec: {containers: [{ports: [{name: UP, containerPort: 1}]}]}", "ports[0].name: 'UP': 1 to 15 lowercase"},
      {"spec: {containers: [{ports: [{name: a, containerPort: 1}, {name: a, containerPort: 2}]}]}", "stands twice"},
      {"spec: {containers: {}}", "spec.containers: expected a list"},
      {"status: {podIP: 5}", "status.podIP: expected a text, so put it in quotes"},
      {"status: {podIP: here}", "an IPv4 or IPv6 address is needed"},
      {"status: {podIP: 127.0.0.1, podIPs: [{ip: 127.0.0.2}]}", "the first entry must be podIP"},
      {"status: {podIPs: [127.0.0.2]}", "status.podIPs[0]: expected a mapping"},
      {"status: {phase: Done}", "one of Pending, Running, Succeeded, Failed, Unknown"},
      {"spec: 5", "spec: expected a mapping"},
  };
  for (const auto& [rest, expected] : cases) {
    EXPECT_THAT(mistakes(pod_with(rest)), ElementsAre(HasSubstr(expected))) << rest;
  }
}

std::string slice_with(const std::string& rest, const std::string& labels = "{kubernetes.io/service-name: db}") {
  return "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: db-1, labels: " + labels + "}\n" +
         rest;
}

TEST(EndpointSliceKind, every_field_is_read_and_nil_has_its_meaning) {
  const auto configuration = loaded(slice_with(R"(
addressType: IPv4
ports: [{name: pg, port: 5432, protocol: TCP}, {name: all}, {port: 80}]
endpoints:
- {addresses: [10.0.0.1, 10.0.0.2], nodeName: n, zone: z, targetRef: {kind: Pod, name: db-0}}
- {addresses: [10.0.0.3], conditions: {ready: false, serving: true, terminating: true}}
- {addresses: [10.0.0.4], conditions: {ready: null}}
- {addresses: [10.0.0.5], conditions: {}}
)"));
  ASSERT_EQ(configuration.slices.size(), 1U);
  const EndpointSlice& slice = configuration.slices[0];
  EXPECT_EQ(slice.service, "db");
  ASSERT_EQ(slice.ports.size(), 2U);
  EXPECT_EQ(slice.ports[0].name, "pg");
  EXPECT_EQ(slice.ports[1].name, "");
  ASSERT_EQ(slice.endpoints.size(), 4U);
  EXPECT_EQ(slice.endpoints[0].address.to_string(), "10.0.0.1");
  EXPECT_EQ(slice.endpoints[0].place.get().node, "n");
  EXPECT_EQ(slice.endpoints[0].place.get().zone, "z");
  EXPECT_EQ(slice.endpoints[0].workload, slice.metadata.ns + "/db-0");
  EXPECT_FALSE(slice.endpoints[1].ready);
  EXPECT_TRUE(slice.endpoints[1].terminating);
  for (const std::size_t i : {0U, 2U, 3U}) {
    EXPECT_TRUE(slice.endpoints[i].ready && slice.endpoints[i].serving && !slice.endpoints[i].terminating) << i;
  }
}

TEST(EndpointSliceKind, hints_are_read) {
  const auto configuration = loaded(slice_with(R"(
addressType: IPv4
endpoints:
- {addresses: [10.0.0.1], hints: {forZones: [{name: z1}, {name: z2}], forNodes: [{name: n1}]}}
- {addresses: [10.0.0.2], hints: null}
)"));
  ASSERT_EQ(configuration.slices[0].endpoints.size(), 2U);
  EXPECT_THAT(configuration.slices[0].endpoints[0].place.get().hint_zones, ElementsAre("z1", "z2"));
  EXPECT_THAT(configuration.slices[0].endpoints[0].place.get().hint_nodes, ElementsAre("n1"));
  EXPECT_THAT(configuration.slices[0].endpoints[1].place.get().hint_zones, IsEmpty());
}

TEST(Weight, of_a_pod_is_its_annotations_else_its_labels) {
  const auto pod = [](const std::string& metadata) {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: a" + metadata + "}\nstatus: {podIP: 10.0.0.1}\n";
  };
  const std::string label = ", labels: {ringway.io/weight: \"20\"}";
  EXPECT_EQ(loaded(pod("")).pods[0].weight, std::nullopt);
  EXPECT_EQ(loaded(pod(label)).pods[0].weight, 20);
  EXPECT_EQ(loaded(pod(label + ", annotations: {ringway.io/weight: \"0\"}")).pods[0].weight, 0);
  EXPECT_THAT(
      mistakes(pod(", labels: {ringway.io/weight: many}")),
      ElementsAre(HasSubstr("metadata.labels[ringway.io/weight]: 'many' is no weight, a whole number from 0 to")));
}

TEST(EndpointSliceKind, of_names_or_of_no_service_is_noted) {
  const auto fqdn = loaded(slice_with("addressType: FQDN\nendpoints: [{addresses: [example.com]}]\n"));
  EXPECT_THAT(fqdn.slices, IsEmpty());
  EXPECT_THAT(fqdn.notes, ElementsAre("endpointslice default/db-1: addressType FQDN, skipped"));
  EXPECT_THAT(loaded(slice_with("addressType: IPv4\nendpoints: null\nports: null\n", "{}")).notes,
              ElementsAre(HasSubstr("belongs to no Service")));
}

TEST(EndpointSliceKind, wrong_values_say_what_is_allowed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"addressType: IPv5", "one of IPv4, IPv6, FQDN"},
      {"endpoints: []", "addressType: an address type is needed"},
      {"addressType: IPv6\nendpoints: [{addresses: [10.0.0.1]}]", "an IPv6 address is needed, as addressType says"},
      {"addressType: IPv4\nendpoints: [{}]", "endpoints[0].addresses: at least one address is needed"},
      {"addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], conditions: {ready: \"yes\"}}]",
       "expected true or false"},
      {"addressType: IPv4\nports: [{port: 70000}]", "from 0 to 65535"},
  };
  for (const auto& [rest, expected] : cases) {
    EXPECT_THAT(mistakes(slice_with(rest)), ElementsAre(HasSubstr(expected))) << rest;
  }
}

TEST(NodeKind, has_labels_only) {
  const auto configuration = loaded(
      "apiVersion: v1\nkind: Node\nmetadata: {name: node-a, labels: {topology.kubernetes.io/zone: z1}}\nspec: {x: "
      "1}\n");
  ASSERT_EQ(configuration.nodes.size(), 1U);
  EXPECT_EQ(configuration.nodes[0].metadata.labels.at("topology.kubernetes.io/zone"), "z1");
}

TEST(Recorded, lists_of_a_real_api_server_are_valid) {
  const std::filesystem::path folder = std::filesystem::path(RINGWAY_SOURCE_DIR) / "tests/config/recorded";
  const auto configuration = load(std::vector{folder});
  ASSERT_TRUE(configuration) << configuration.error().front().to_string();
  EXPECT_EQ(configuration->files.size(), 4U);
  EXPECT_EQ(configuration->services.size(), 9U);
  EXPECT_EQ(configuration->slices.size(), 8U);
  EXPECT_EQ(configuration->nodes.size(), 2U);
  EXPECT_EQ(configuration->pods.size(), 3U);
  EXPECT_EQ(configuration->pods[0].ports.at(0).name, "http");
  EXPECT_FALSE(
      configuration->pods[0].metadata.annotations.contains("kubectl.kubernetes.io/last-applied-configuration"));
}

}  // namespace
}  // namespace ringway::config
