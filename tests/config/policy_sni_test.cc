#include "tests/config/loading.h"

namespace ringway::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string service_with(const std::string& ports, const std::string& sni) {
  return "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: 127.96.0.10, ports: " + ports +
         "}\npolicy: {sni: " + sni + "}\n";
}
constexpr const char* kTwoPorts = "[{name: http, port: 80}, {name: https, port: 443}]";

std::optional<Sni> sni_of(const std::string& ports, const std::string& sni) {
  const auto configuration = loaded(service_with(ports, sni));
  return configuration.services.empty() ? std::nullopt : configuration.services[0].policy.sni;
}

TEST(PolicySniTest, routes_are_read) {
  const auto sni = sni_of("[{port: 443}]",
                          "{routes: [{names: [Shop.Example., \"*.shop.example\"], selector: \"tier=shop\"}, {names: "
                          "[api.example], selector: {matchLabels: {tier: api}}}]}");
  ASSERT_TRUE(sni);
  EXPECT_EQ(std::get<std::uint16_t>(sni->port), 443);
  EXPECT_EQ(sni->timeout, milliseconds(5000));
  EXPECT_FALSE(sni->reject);
  ASSERT_EQ(sni->routes.size(), 2U);
  EXPECT_THAT(sni->routes[0].names, ElementsAre("shop.example", "*.shop.example"));
  EXPECT_EQ(sni->routes[0].selector.to_string(), "tier=shop");
  EXPECT_EQ(sni->routes[1].selector.to_string(), "tier=api");
}

TEST(PolicySniTest, the_port_is_named_or_numbered) {
  const std::string routes = "routes: [{names: [a.example], selector: a=b}]";
  for (const std::string port : {"https", "443"}) {
    const auto sni = sni_of(kTwoPorts, "{port: " + port + ", " + routes + ", unmatched: reject, timeout: 1s}");
    ASSERT_TRUE(sni);
    EXPECT_EQ(std::get<std::uint16_t>(sni->port), 443);
    EXPECT_TRUE(sni->reject);
    EXPECT_EQ(sni->timeout, milliseconds(1000));
  }
  EXPECT_THAT(mistakes(service_with(kTwoPorts, "{" + routes + "}")),
              ElementsAre(HasSubstr("policy.sni: a port is needed where a Service has several of TCP")));
  EXPECT_THAT(mistakes(service_with("[{port: 53, protocol: UDP}]", "{" + routes + "}")),
              ElementsAre(HasSubstr("policy.sni.port: the name or number of a TCP port")));
}

TEST(PolicySniTest, routes_have_no_default) {
  EXPECT_THAT(mistakes(ringway("{defaults: {policy: {sni: {}}}}")),
              ElementsAre(HasSubstr("spec.defaults.policy.sni: routes belong to one Service, they have no default")));
}

TEST(PolicySniTest, the_annotation_of_a_cluster_is_read) {
  const auto configuration = loaded(
      "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  annotations:\n    ringway.io/policy: |\n      sni: "
      "{routes: "
      "[{names: [a.example], selector: a=b}]}\nspec: {clusterIP: 127.96.0.10, ports: [{port: 443}]}\n");
  ASSERT_EQ(configuration.services.size(), 1U);
  ASSERT_TRUE(configuration.services[0].policy.sni);
  EXPECT_TRUE(configuration.services[0].selects());
}

}  // namespace
}  // namespace ringway::config
