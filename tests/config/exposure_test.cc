#include "tests/config/loading.h"

/// What of a Service is for clients from outside of the cluster.
namespace ringway::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string with(const std::string& spec, const std::string& status = "{}") {
  return "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {clusterIP: 10.0.0.1, " + spec +
         "}\nstatus: " + status + "\n---\n";
}

constexpr const char* kPort = "ports: [{port: 80}]";

TEST(Exposure, every_field_of_a_load_balancer_is_read) {
  const auto configuration = loaded(with(
      "type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 32000, loadBalancerSourceRanges: "
      "[\" 10.1.2.3/8 \", \"FD00::/8\"], allocateLoadBalancerNodePorts: false, ports: [{port: 80, nodePort: 30080}]",
      "{loadBalancer: {ingress: [{ip: 10.9.0.1}, {ip: 10.9.0.2, ipMode: Proxy}, {ip: 10.9.0.3, ipMode: VIP}, "
      "{hostname: lb.example}]}}"));
  const Service& service = configuration.services.at(0);
  EXPECT_TRUE(service.external_local);
  EXPECT_FALSE(service.internal_local);
  EXPECT_EQ(service.health_check_node_port, 32000);
  EXPECT_EQ(service.ports.at(0).node_port, 30080);
  EXPECT_THAT(service.source_ranges, ElementsAre("10.0.0.0/8", "fd00::/8")) << "as Kubernetes stores them";
  EXPECT_THAT(service.ingress_ips, ElementsAre("10.9.0.1", "10.9.0.3")) << "what is a Proxy's is not taken for ours";
  EXPECT_THAT(configuration.notes, IsEmpty());
}

TEST(Exposure, external_ips_are_served_where_they_are_allowed) {
  const std::string service = with(std::string("externalIPs: [192.168.7.9, 192.168.8.9, \"fd00::9\"], ") + kPort);
  const auto closed = loaded(service);
  EXPECT_THAT(closed.services.at(0).external_ips, IsEmpty());
  EXPECT_THAT(closed.services.at(0).refused_external_ips, ElementsAre("192.168.7.9", "192.168.8.9", "fd00::9"));
  EXPECT_THAT(closed.notes.at(0), HasSubstr("service shop/web: external IP 192.168.7.9 is not served"));
  const auto open = loaded(
      "apiVersion: ringway/v1\nkind: Ringway\nspec: {externalIPs: {allow: [192.168.7.0/24, \"fd00::/8\"]}}\n---\n" +
      service);
  EXPECT_THAT(open.services.at(0).external_ips, ElementsAre("192.168.7.9", "fd00::9"));
  EXPECT_THAT(open.services.at(0).refused_external_ips, ElementsAre("192.168.8.9"));
}

TEST(Exposure, node_port_addresses_are_the_primary_ones_unless_networks_are_named) {
  const auto read = [](const std::string& list) {
    return loaded("apiVersion: ringway/v1\nkind: Ringway\nspec: {nodePortAddresses: " + list + "}\n").ringway;
  };
  EXPECT_TRUE(loaded("apiVersion: ringway/v1\nkind: Ringway\n").ringway.node_port_primary);
  EXPECT_FALSE(read("[10.0.0.0/8]").node_port_primary);
  EXPECT_THAT(read("[10.0.0.0/8, primary]").node_port_ranges, ElementsAre("10.0.0.0/8"));
  EXPECT_TRUE(read("[10.0.0.0/8, primary]").node_port_primary);
}

TEST(Exposure, wrong_values_say_what_is_allowed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"ports: [{port: 80, nodePort: 30080}]", "spec.ports[0].nodePort: belongs to type NodePort or LoadBalancer"},
      {"type: NodePort, ports: [{port: 80, nodePort: 70000}]", "nodePort: expected a whole number from 0 to 65535"},
      {"type: NodePort, ports: [{name: a, port: 80, nodePort: 30080}, {name: b, port: 81, nodePort: 30080}]",
       "spec.ports[1].nodePort: 30080 with the same protocol stands in ports[0] too"},
      {"externalTrafficPolicy: Local, ports: [{port: 80}]",
       "spec.externalTrafficPolicy: belongs to type NodePort or LoadBalancer, or to externalIPs"},
      {"type: NodePort, externalTrafficPolicy: Near, ports: [{port: 80}]", "one of Cluster, Local"},
      {"type: LoadBalancer, healthCheckNodePort: 32000, ports: [{port: 80}]",
       "spec.healthCheckNodePort: belongs to type LoadBalancer with externalTrafficPolicy Local"},
      {"loadBalancerSourceRanges: [10.0.0.0/8], ports: [{port: 80}]",
       "spec.loadBalancerSourceRanges: belongs to type LoadBalancer"},
      {"type: LoadBalancer, loadBalancerSourceRanges: [ten], ports: [{port: 80}]",
       "spec.loadBalancerSourceRanges[0]: 'ten': a network like 10.0.0.0/8"},
      {"externalIPs: [0.0.0.0], ports: [{port: 80}]", "spec.externalIPs[0]: "},
  };
  for (const auto& [spec, expected] : cases) {
    EXPECT_THAT(mistakes(with(spec)), ElementsAre(HasSubstr(expected))) << spec;
  }
  EXPECT_THAT(mistakes(with(kPort, "{loadBalancer: {ingress: [{ip: 10.0.0.9, ipMode: Both}]}}")),
              ElementsAre(HasSubstr("one of VIP, Proxy")));
  EXPECT_THAT(mistakes(with(kPort, "{loadBalancer: {ingress: [{hostname: a, ipMode: VIP}]}}")),
              ElementsAre(HasSubstr("ipMode: belongs to an ip")));
  EXPECT_THAT(mistakes("apiVersion: ringway/v1\nkind: Ringway\nspec: {nodePortAddresses: [secondary]}\n"),
              ElementsAre(HasSubstr("spec.nodePortAddresses[0]: 'secondary': primary is allowed, or")));
  EXPECT_THAT(mistakes("apiVersion: ringway/v1\nkind: Ringway\nspec: {externalIPs: {deny: []}}\n"),
              ElementsAre(HasSubstr("spec.externalIPs.deny: unknown key")));
}

TEST(Exposure, a_node_port_belongs_to_one_service) {
  const auto named = [](const std::string& name, const std::string& ip) {
    return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: {type: NodePort, clusterIP: " + ip +
           ", ports: [{port: 80, nodePort: 30080}]}\n---\n";
  };
  EXPECT_THAT(mistakes(named("a", "10.0.0.1") + named("b", "10.0.0.2")),
              ElementsAre(HasSubstr("spec.ports[0].nodePort: node port 30080 belongs to Service default/a at f:4")));
}

}  // namespace
}  // namespace ringway::config
