#include "config/api.h"
#include "config/policy.h"
#include "tests/config/loading.h"

namespace ringway::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string with_spec(const std::string& spec) {
  return "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: " + spec + "\n---\n";
}

TEST(ServiceKind, every_field_is_read) {
  const auto configuration = loaded(with_spec(R"(
  clusterIP: 127.96.0.10
  clusterIPs: [127.96.0.10, "FD00:0::1"]
  ipFamilies: [IPv4, IPv6]
  selector: {tier: backend, release: stable}
  ports:
  - {name: http, port: 80, targetPort: web-port, protocol: TCP, appProtocol: http, nodePort: 30000}
  - {name: metrics, port: 9100}
  publishNotReadyAddresses: true
  sessionAffinity: None
  type: NodePort
)"));
  ASSERT_EQ(configuration.services.size(), 1U);
  const Service& service = configuration.services[0];
  EXPECT_EQ(service.metadata.name, "web");
  EXPECT_EQ(service.metadata.ns, "shop");
  EXPECT_EQ(service.metadata.at.file, "f");
  EXPECT_EQ(service.metadata.at.line, 1);
  EXPECT_THAT(service.cluster_ips, ElementsAre("127.96.0.10", "fd00::1"));
  ASSERT_TRUE(service.selector);
  EXPECT_EQ(service.selector->to_string(), "release=stable,tier=backend");
  ASSERT_EQ(service.ports.size(), 2U);
  EXPECT_EQ(std::get<std::string>(service.ports[0].target_port), "web-port");
  EXPECT_EQ(service.ports[0].node_port, 30000);
  EXPECT_EQ(std::get<std::uint16_t>(service.ports[1].target_port), 9100);
  EXPECT_EQ(service.ports[1].protocol, Protocol::kTcp);
  EXPECT_TRUE(service.publish_not_ready_addresses);
  EXPECT_FALSE(service.headless());
  EXPECT_THAT(configuration.notes, IsEmpty());
}

TEST(ServiceKind, session_affinity_is_none_or_lasts_three_hours_or_what_is_said) {
  const auto timeout = [](const std::string& affinity) {
    return loaded(
               "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: 10.0.0.1, ports: [{port: 80}]" +
               affinity + "}\n")
        .services[0]
        .affinity_timeout;
  };
  EXPECT_EQ(timeout(""), milliseconds(0));
  EXPECT_EQ(timeout(", sessionAffinity: None"), milliseconds(0));
  EXPECT_EQ(timeout(", sessionAffinity: ClientIP"), std::chrono::hours(3));
  EXPECT_EQ(timeout(", sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 5}}"),
            std::chrono::seconds(5));
}

TEST(ServiceKind, internal_traffic_policy_is_cluster_or_local) {
  const auto local = [](const std::string& more) {
    const auto configuration = loaded(with_spec("{clusterIP: 10.0.0.1, ports: [{port: 80}]" + more + "}"));
    EXPECT_THAT(configuration.notes, IsEmpty());
    return configuration.services[0].internal_local;
  };
  EXPECT_FALSE(local(""));
  EXPECT_FALSE(local(", internalTrafficPolicy: Cluster"));
  EXPECT_TRUE(local(", internalTrafficPolicy: Local"));
  EXPECT_THAT(mistakes(with_spec("{clusterIP: 10.0.0.1, ports: [{port: 80}], internalTrafficPolicy: Node}")),
              ElementsAre(HasSubstr("one of Cluster, Local")));
}

TEST(ServiceKind, traffic_distribution_says_what_is_preferred_unless_its_own_policy_does) {
  const auto prefer = [](const std::string& distribution, const std::string& more = "") {
    return loaded(
               "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: 10.0.0.1, ports: [{port: 80}]" +
               distribution + "}\n" + more)
        .services[0]
        .policy.prefer;
  };
  const std::string defaults = "---\n" + ringway("{defaults: {policy: {locality: {prefer: sameZone}}}}");
  EXPECT_EQ(prefer(""), std::nullopt);
  EXPECT_EQ(prefer(", trafficDistribution: PreferClose"), Prefer::kSameZone);
  EXPECT_EQ(prefer(", trafficDistribution: PreferSameZone"), Prefer::kSameZone);
  EXPECT_EQ(prefer(", trafficDistribution: PreferSameNode"), Prefer::kSameNode);
  EXPECT_EQ(prefer("", defaults), Prefer::kSameZone);
  EXPECT_EQ(prefer(", trafficDistribution: PreferSameNode", defaults), Prefer::kSameNode);
  EXPECT_EQ(prefer(", trafficDistribution: PreferSameNode", "policy: {locality: {prefer: none}}\n"), Prefer::kNone);
}

TEST(ServiceKind, traffic_distribution_means_the_same_in_a_cluster) {
  const auto prefer = [](const std::string& policy, const PolicyPatch& defaults) {
    const auto event = read_api_event(
        R"({"type": "ADDED", "object": {"metadata": {"namespace": "shop", "name": "web", "annotations": {"ringway.io/policy": ")" +
            policy +
            R"("}}, "spec": {"clusterIP": "10.0.0.1", "trafficDistribution": "PreferSameNode",)"
            R"( "ports": [{"port": 80}]}}})",
        ApiKind::kService);
    return with_policy(std::get<ApiService>(event.value().object.value), &defaults).policy.prefer;
  };
  PolicyPatch zone;
  zone.prefer = Prefer::kSameZone;
  EXPECT_EQ(prefer("{}", {}), Prefer::kSameNode);
  EXPECT_EQ(prefer("{}", zone), Prefer::kSameNode);
  EXPECT_EQ(prefer("{locality: {prefer: none}}", zone), Prefer::kNone);
}

TEST(ServiceKind, an_empty_or_absent_selector_leaves_the_endpoints_to_slices) {
  for (const char* selector : {"", "selector: {}, ", "selector: null, "}) {
    const auto configuration =
        loaded(with_spec("{clusterIP: 127.96.0.1, " + std::string(selector) + "ports: [{port: 80}]}"));
    EXPECT_FALSE(configuration.services[0].selector) << selector;
  }
}

TEST(ServiceKind, wrong_values_say_what_is_allowed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{clusterIP: 127.96.0.300, ports: [{port: 80}]}",
       "spec.clusterIP: '127.96.0.300': an IPv4 or IPv6 address is needed"},
      {"{clusterIP: 127.96.0.01, ports: [{port: 80}]}", "an IPv4 or IPv6 address is needed"},
      {"{clusterIP: 0.0.0.0, ports: [{port: 80}]}", "stands for no host"},
      {"{clusterIP: 224.0.0.1, ports: [{port: 80}]}", "multicast"},
      {"{clusterIP: \"fe80::1\", ports: [{port: 80}]}", "link-local"},
      {"{clusterIP: \"::ffff:10.0.0.1\", ports: [{port: 80}]}", "write the IPv4 address"},
      {"{clusterIP: [10.0.0.1], ports: [{port: 80}]}", "expected a text, found a list"},
      {"{clusterIP: 10.0.0.1, clusterIPs: [10.0.0.2], ports: [{port: 80}]}",
       "spec.clusterIPs: the first entry must be clusterIP, which is 10.0.0.1"},
      {"{clusterIPs: [10.0.0.1, 10.0.0.2], ports: [{port: 80}]}", "one address for each IP family"},
      {"{clusterIPs: [\"fd00::1\", 10.0.0.2, 10.0.0.3], ports: [{port: 80}]}", "one address for each IP family"},
      {"{clusterIPs: [None, 10.0.0.2], ports: [{port: 80}]}", "None stands alone"},
      {"{clusterIP: 10.0.0.1, ipFamilies: [IPv6], ports: [{port: 80}]}", "'IPv6' is not the family of 10.0.0.1"},
      {"{clusterIP: 10.0.0.1, ipFamilies: [IPv4, IPv4], ports: [{port: 80}]}", "an IP family may stand once"},
      {"{clusterIP: 10.0.0.1, ipFamilies: [IPv5], ports: [{port: 80}]}", "one of IPv4, IPv6"},
      {"{clusterIP: 10.0.0.1}", "spec.ports: at least one port is needed"},
      {"{clusterIP: 10.0.0.1, ports: []}", "spec.ports: at least one port is needed"},
      {"{clusterIP: 10.0.0.1, ports: [{name: x}]}", "spec.ports[0].port: a port from 1 to 65535 is needed"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 0}]}", "spec.ports[0].port: expected a whole number from 1 to 65535"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 65536}]}", "from 1 to 65535, found the number '65536'"},
      {"{clusterIP: 10.0.0.1, ports: [{port: \"80\"}]}", "from 1 to 65535, found the text '80'"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80.5}]}", "from 1 to 65535"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 0x50}]}", "from 1 to 65535"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 080}]}", "from 1 to 65535"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 99999999999999999999}]}", "from 1 to 65535"},
      {"{clusterIP: 10.0.0.1, ports: {port: 80}}", "spec.ports: expected a list, found a mapping"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80, protocol: tcp}]}", "expected TCP? Allowed is one of TCP, UDP, SCTP"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80, targetPort: 70000}]}", "targetPort: expected a whole number"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80, targetPort: \"8080\"}]}", "targetPort: '8080': 1 to 15 lowercase"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80, targetPort: a-name-too-long1}]}", "1 to 15 lowercase"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80, targetPort: a--b}]}", "1 to 15 lowercase"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80, name: Web}]}", "spec.ports[0].name: 'Web'"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80, name: a}, {port: 81}]}", "spec.ports[1]: a name is needed"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80, name: a}, {port: 81, name: a}]}",
       "spec.ports[1].name: 'a' is the name of ports[0] too"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80, name: a}, {port: 80, name: b}]}",
       "spec.ports[1].port: 80 with the same protocol stands in ports[0] too"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80}], selector: {\"a b\": c}}", "spec.selector[a b]: key 'a b'"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80}], selector: {a: \"c d\"}}", "spec.selector.a: 'c d'"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80}], selector: {a: 1}}", "so put it in quotes, found the number '1'"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80}], selector: \"a=b\"}", "spec.selector: expected a mapping"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80}], type: Cluster}", "one of ClusterIP, NodePort"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80}], publishNotReadyAddresses: \"true\"}", "expected true or false"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80}], sessionAffinity: Client}", "one of None, ClientIP"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80}], sessionAffinityConfig: {clientIP: {timeoutSeconds: 5}}}",
       "spec.sessionAffinityConfig: belongs to sessionAffinity ClientIP"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80}], sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: "
       "{timeoutSeconds: 0}}}",
       "spec.sessionAffinityConfig.clientIP.timeoutSeconds: expected a whole number from 1 to 86400"},
      {"{clusterIP: 10.0.0.1, ports: [{port: 80}], trafficDistribution: Close}", "one of PreferClose, PreferSameZone"},
  };
  for (const auto& [spec, expected] : cases) {
    EXPECT_THAT(mistakes(with_spec(spec)), ElementsAre(HasSubstr(expected))) << spec;
  }
}

TEST(ServiceKind, names_are_those_of_kubernetes) {
  const auto named = [](const std::string& metadata) {
    return mistakes("apiVersion: v1\nkind: Service\nmetadata: " + metadata +
                    "\nspec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n");
  };
  EXPECT_THAT(named("{name: web-1}"), IsEmpty());
  for (const char* bad : {"{name: 1web}", "{name: Web}", "{name: we.b}", "{name: web-}", "{name: \"\"}", "{}",
                          "{name: web, namespace: a.b}", "{name: 5}", "[]", "{name: web, labels: {a: \"b c\"}}",
                          "{name: web, labels: {\"/\": b}}", "{name: web, labels: {v: 1.0}}",
                          "{name: web, annotations: {\"a b\": c}}", "{name: web, annotations: {a: 5}}"}) {
    EXPECT_FALSE(named(bad).empty()) << bad;
  }
  EXPECT_THAT(named("{name: " + std::string(64, 'a') + "}"), ElementsAre(HasSubstr("1 to 63")));
  EXPECT_THAT(named("{}"), ElementsAre("f:3:11: metadata.name: a name is needed"));
}

TEST(ServiceKind, unknown_fields_of_kubernetes_are_ignored_but_not_a_slip_in_policy) {
  EXPECT_THAT(mistakes(with_spec("{clusterIP: 10.0.0.1, ports: [{port: 80, x: 1}], y: [1]}")), IsEmpty());
  EXPECT_THAT(mistakes(service("web", "10.0.0.1", 80, "polcy: {}")),
              ElementsAre("f:5:8: polcy: unknown key, did you mean 'policy'?"));
}

TEST(ServiceKind, what_is_not_served_is_noted) {
  const auto noted = [](const std::string& spec) { return loaded(with_spec(spec)).notes; };
  EXPECT_THAT(noted("{clusterIP: None}"), ElementsAre("service shop/web: headless, skipped"));
  EXPECT_THAT(noted("{type: ExternalName, externalName: example.com}"),
              ElementsAre("service shop/web: ExternalName, skipped"));
  EXPECT_THAT(noted("{ports: [{port: 80}]}"), ElementsAre("service shop/web: no VIP, skipped"));
  EXPECT_THAT(noted("{clusterIP: \"\", ports: [{port: 80}]}"), ElementsAre("service shop/web: no VIP, skipped"));
  EXPECT_THAT(noted("{clusterIP: 10.0.0.1, ports: [{name: a, port: 53, protocol: UDP}, {name: b, port: 53}]}"),
              ElementsAre("service shop/web: port 53: not served yet: UDP"));
  EXPECT_THAT(noted("{clusterIP: 10.0.0.1, ports: [{port: 80}], type: NodePort}"),
              ElementsAre(HasSubstr("type NodePort without a nodePort: served on its clusterIP only")));
  EXPECT_TRUE(loaded(with_spec("{clusterIP: None}")).services[0].headless());
}

TEST(ServiceKind, labels_that_name_another_proxy_leave_it_out) {
  const auto labelled = [](const std::string& label) {
    return loaded("apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {" + label +
                  "}}\nspec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n");
  };
  EXPECT_EQ(labelled("service.kubernetes.io/service-proxy-name: ringway").services.size(), 1U);
  const auto other = labelled("service.kubernetes.io/service-proxy-name: other");
  EXPECT_THAT(other.services, IsEmpty());
  EXPECT_THAT(other.notes, ElementsAre("service default/web: for the proxy 'other', skipped"));
  EXPECT_THAT(labelled("service.kubernetes.io/headless: \"\"").services, IsEmpty());
}

TEST(Documents, that_stand_twice_name_the_first) {
  EXPECT_THAT(mistakes(service("web", "10.0.0.1", 80) + service("web", "10.0.0.2", 80)),
              ElementsAre("f:7:1: metadata.name: a second Service default/web, the first stands at f:1"));
  const std::string pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n";
  EXPECT_THAT(mistakes(pod + pod),
              ElementsAre("f:5:1: metadata.name: a second Pod default/a, the first stands at f:1"));
}

TEST(Documents, on_one_vip_and_port_name_each_other) {
  EXPECT_THAT(mistakes(service("a", "10.0.0.1", 80) + service("b", "10.0.0.1", 81) + service("c", "10.0.0.1", 80)),
              ElementsAre("f:16:66: spec.ports[0].port: 10.0.0.1:80 belongs to Service default/a at f:4, every VIP and "
                          "port may be taken once"));
  EXPECT_THAT(mistakes(service("a", "fd00::1", 80) + service("b", "FD00:0:0::1", 80)),
              ElementsAre(HasSubstr("[fd00::1]:80 belongs to Service default/a")));
  EXPECT_THAT(mistakes(service("a", "127.0.0.1", 9900)), ElementsAre(HasSubstr("where the admin API listens")));
}

TEST(Documents, mistakes_of_all_stand_in_the_order_of_the_text) {
  EXPECT_THAT(mistakes(service("a", "10.0.0.1", 80) + service("a", "10.0.0.2", 0) + service("b", "10.0.0.1", 80) +
                       ringway("{engine: x}")),
              ElementsAre(HasSubstr("f:7:1: metadata.name"), HasSubstr("f:10:66: spec.ports[0].port"),
                          HasSubstr("f:16:66: spec.ports[0].port"), HasSubstr("f:21:16: spec.engine")));
}

TEST(Documents, too_many_mistakes_are_counted) {
  std::string text = "apiVersion: v1\nkind: List\nitems:\n";
  for (int i = 0; i < 1200; ++i) {
    text += "- {}\n";
  }
  const auto printed = mistakes(text);
  ASSERT_EQ(printed.size(), 1001U);
  EXPECT_EQ(printed.back(), "and 200 more mistakes");
}

}  // namespace
}  // namespace ringway::config
