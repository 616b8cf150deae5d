#include "tests/config/loading.h"

namespace ringway::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Policy policy_of(const std::string& text, const std::string& before = "") {
  const auto configuration = loaded(before + with_policy(text));
  return configuration.services.empty() ? Policy{} : configuration.services[0].policy;
}

std::string with_defaults(const std::string& policy) {
  return ringway("{defaults: {policy: " + policy + "}}");
}

TEST(PolicyOfService, has_defaults) {
  const Policy policy = policy_of("{}");
  EXPECT_EQ(policy.balancer, Balancer::kPowerOfTwo);
  EXPECT_EQ(policy.ewma_decay, milliseconds(10'000));
  EXPECT_EQ(policy.first_limit, 0U);
  EXPECT_TRUE(policy.weights.empty());
  EXPECT_TRUE(policy.tiers.empty());
  EXPECT_FALSE(policy.prefer);
  EXPECT_EQ(policy.min_healthy, 0.7);
  EXPECT_FALSE(policy.health_check);
  EXPECT_EQ(policy.connect_timeout, milliseconds(1000));
  EXPECT_EQ(policy.connect_attempts, 3U);
  EXPECT_EQ(policy.idle_timeout, milliseconds(3'600'000));
  EXPECT_EQ(policy.max_connection_age, milliseconds(0));
  EXPECT_EQ(policy.max_connections, 0U);
  EXPECT_TRUE(policy.allow.empty());
  EXPECT_TRUE(policy.deny.empty());
  EXPECT_EQ(policy.drain_timeout, milliseconds(30'000));
  EXPECT_EQ(policy.drain_end, DrainEnd::kClose);
  EXPECT_EQ(policy.on_down, OnDown::kKeepSessions);
}

TEST(PolicyOfService, every_key_is_read) {
  const Policy policy = policy_of(R"(
  selector: "a=b"
  balancer: random
  healthCheck:
    http: {path: /healthz, method: POST, host: web.example, expectStatus: "200, 204,300-399", expectBody: "ok", port: 81}
    interval: 3s
    timeout: 1500ms
    rise: 1
    fall: 5
    jitter: 0.2
    fastInterval: 1s
  connect: {timeout: 250ms, attempts: 16}
  idleTimeout: 0
  maxConnectionAge: 2h
  maxConnections: 500
  access: {allow: [10.0.0.0/8, "FD00::/8"], deny: [10.1.2.3]}
  drain: {timeout: 1m30s, onEnd: reset}
  onDown: closeSessions
)");
  ASSERT_TRUE(policy.selector);
  EXPECT_EQ(policy.selector->to_string(), "a=b");
  EXPECT_EQ(policy.balancer, Balancer::kRandom);
  ASSERT_TRUE(policy.health_check);
  const HealthCheck& check = *policy.health_check;
  EXPECT_EQ(check.kind, HealthCheck::Kind::kHttp);
  EXPECT_EQ(check.path, "/healthz");
  EXPECT_EQ(check.method, "POST");
  EXPECT_EQ(check.host, "web.example");
  ASSERT_EQ(check.expect_status.size(), 3U);
  EXPECT_EQ(check.expect_status[0].last, 200);
  EXPECT_EQ(check.expect_status[1].first, 204);
  EXPECT_EQ(check.expect_status[2].last, 399);
  EXPECT_EQ(check.expect_body, "ok");
  EXPECT_EQ(check.port, 81);
  EXPECT_EQ(check.interval, milliseconds(3000));
  EXPECT_EQ(check.timeout, milliseconds(1500));
  EXPECT_EQ(check.rise, 1U);
  EXPECT_EQ(check.fall, 5U);
  EXPECT_DOUBLE_EQ(check.jitter, 0.2);
  EXPECT_EQ(check.fast_interval, milliseconds(1000));
  EXPECT_EQ(policy.connect_timeout, milliseconds(250));
  EXPECT_EQ(policy.connect_attempts, 16U);
  EXPECT_EQ(policy.idle_timeout, milliseconds(0));
  EXPECT_EQ(policy.max_connection_age, milliseconds(7'200'000));
  EXPECT_EQ(policy.max_connections, 500U);
  EXPECT_EQ(policy.allow, (std::vector<std::string>{"10.0.0.0/8", "fd00::/8"}));
  EXPECT_EQ(policy.deny, std::vector<std::string>{"10.1.2.3/32"});
  EXPECT_EQ(policy.drain_timeout, milliseconds(90'000));
  EXPECT_EQ(policy.drain_end, DrainEnd::kReset);
  EXPECT_EQ(policy.on_down, OnDown::kCloseSessions);
}

TEST(PolicyOfService, inherits_what_it_does_not_say_field_by_field) {
  const std::string defaults =
      with_defaults("{balancer: random, connect: {timeout: 5s}, healthCheck: {tcp: {port: 9}, interval: 7s, fall: 9}}");
  const Policy same = policy_of("{}", defaults);
  EXPECT_EQ(same.balancer, Balancer::kRandom);
  EXPECT_EQ(same.connect_timeout, milliseconds(5000));
  EXPECT_EQ(same.connect_attempts, 3U);
  ASSERT_TRUE(same.health_check);
  EXPECT_EQ(same.health_check->port, 9);

  const Policy own =
      policy_of("{balancer: roundRobin, connect: {attempts: 2}, healthCheck: {http: {}, fall: 1}}", defaults);
  EXPECT_EQ(own.balancer, Balancer::kRoundRobin);
  EXPECT_EQ(own.connect_timeout, milliseconds(5000));
  EXPECT_EQ(own.connect_attempts, 2U);
  ASSERT_TRUE(own.health_check);
  EXPECT_EQ(own.health_check->kind, HealthCheck::Kind::kHttp);
  EXPECT_EQ(own.health_check->port, 0) << "the port of another kind of check is not inherited";
  EXPECT_EQ(own.health_check->interval, milliseconds(7000));
  EXPECT_EQ(own.health_check->fall, 1U);

  EXPECT_FALSE(policy_of("{healthCheck: off}", defaults).health_check);
}

TEST(PolicyOfService, inherits_also_from_a_document_that_comes_later) {
  const auto configuration = loaded(with_policy("{}") + with_defaults("{balancer: random}"));
  EXPECT_EQ(configuration.services[0].policy.balancer, Balancer::kRandom);
}

TEST(PolicyOfService, timings_alone_are_no_check) {
  const std::string timings = with_defaults("{healthCheck: {interval: 9s}}");
  EXPECT_FALSE(policy_of("{}", timings).health_check);
  EXPECT_EQ(policy_of("{healthCheck: {tcp: {}}}", timings).health_check->interval, milliseconds(9000));
  EXPECT_THAT(
      mistakes(with_policy("{healthCheck: {interval: 9s}}")),
      ElementsAre("f:5:23: policy.healthCheck: tcp, http or grpc is needed, here or in spec.defaults.policy; `off` "
                  "for no check"));
}

TEST(PolicyOfService, probes_are_never_rarer_while_a_result_differs) {
  EXPECT_EQ(policy_of("{healthCheck: {tcp: {}, interval: 100ms}}").health_check->fast_interval, milliseconds(100));
  EXPECT_EQ(policy_of("{healthCheck: {tcp: {}, interval: 9s}}").health_check->fast_interval, milliseconds(500));
}

TEST(PolicyOfService, selects_by_text_or_by_mapping) {
  const auto selector = [](const std::string& policy) {
    const auto configuration = loaded(with_policy(policy));
    return configuration.services.empty() ? "" : configuration.services[0].selector->to_string();
  };
  EXPECT_EQ(selector("{}"), "app=x");
  EXPECT_EQ(selector("{selector: \"tier=backend, release in (stable,canary), !legacy\"}"),
            "!legacy,release in (canary,stable),tier=backend");
  EXPECT_EQ(selector("{selector: \"\"}"), "");
  EXPECT_EQ(selector("{selector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: NotIn, values: [d, e]}, "
                     "{key: f, operator: Exists}]}}"),
            "a=b,c notin (d,e),f");
}

TEST(PolicyOfService, wrong_values_say_what_is_allowed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{balancr: random}", "f:5:10: policy.balancr: unknown key, did you mean 'balancer'?"},
      {"{zz: 1}",
       "policy.zz: unknown key, allowed is selector, balancer, peakEwma, first, weights, tiers, locality, healthCheck, "
       "connect, outlierDetection, slowStart, idleTimeout, maxConnectionAge, maxConnections, "
       "maxConnectionsPerEndpoint, queue, perClient, access, proxyProtocol, sni, drain, onDown, source, bandwidth"},
      {"{balancer: maglev}",
       "policy.balancer: expected one of powerOfTwo, leastConnections, roundRobin, random, sourceHash, peakEwma, "
       "first"},
      {"{drain: {onEnd: abort}}", "policy.drain.onEnd: expected one of close, reset, keep, found the text 'abort'"},
      {"{peakEwma: {decay: 1ms}}", "policy.peakEwma.decay: '1ms' is out of range, allowed is 10ms to 1h"},
      {"{first: {maxConnections: -1}}", "policy.first.maxConnections: expected a whole number from 0 to 1000000"},
      {"{weights: {}}", "policy.weights: expected a list"},
      {"{weights: [{weight: 5}]}", "policy.weights[0]: a selector is needed"},
      {"{weights: [{selector: a=b}]}", "policy.weights[0]: a weight from 0 to 1000 is needed"},
      {"{weights: [{selector: a=b, weight: 1001}]}",
       "policy.weights[0].weight: expected a whole number from 0 to 1000"},
      {"{weights: [{selector: \"a b\", weight: 1}]}", "policy.weights[0].selector: character"},
      {"{tiers: [a=b]}", "policy.tiers[0]: a mapping with a selector is needed"},
      {"{tiers: [{}]}", "policy.tiers[0]: a selector is needed"},
      {"{locality: {prefer: cluster}}", "policy.locality.prefer: expected one of none, sameZone, sameNode"},
      {"{locality: {minHealthy: 70}}", "policy.locality.minHealthy: expected a number from 0 to 1"},
      {"{balancer: leastConnection}", "expected leastConnections? Allowed is"},
      {"{idleTimeout: 60}",
       "policy.idleTimeout: '60': the unit is missing, a duration like 1500ms, 2s, 1m30s or 1h is needed"},
      {"{idleTimeout: -1s}", "a sign is not allowed"},
      {"{idleTimeout: 1ms}", "'1ms' is out of range, allowed is 10ms to 720h, or 0 for never"},
      {"{maxConnectionAge: 1000h}", "policy.maxConnectionAge: '1000h' is out of range, allowed is 10ms to 720h"},
      {"{maxConnections: -1}", "policy.maxConnections: expected a whole number from 0 to 10000000"},
      {"{healthCheck: {tcp: {send: a, sendHex: \"61\"}}}", "either `send` or `sendHex` is allowed, not both"},
      {"{healthCheck: {tcp: {expectHex: \"0x61\"}}}", ": pairs of hexadecimal digits are needed, at most 4096 of them"},
      {"{healthCheck: {tcp: {expectHex: \"616\"}}}", ": pairs of hexadecimal digits are needed, at most 4096 of them"},
      {"{queue: {timeout: 0}}", "policy.queue.timeout: '0' is out of range, allowed is 10ms to 10m"},
      {"{queue: {maxConnections: many}}", "policy.queue.maxConnections: expected a whole number from 0 to 1000000"},
      {"{perClient: {rate: 10/s}}", "policy.perClient.rate: expected a whole number from 0 to 1000000"},
      {"{perClient: {ipv6Prefix: 129}}", "policy.perClient.ipv6Prefix: expected a whole number from 1 to 128"},
      {"{proxyProtocol: {send: v3}}", "policy.proxyProtocol.send: expected v1? Allowed is one of off, v1, v2"},
      {"{proxyProtocol: {send: v1, crc32c: true}}", "proxyProtocol.crc32c: version 1 has no room for it"},
      {"{proxyProtocol: {trustedSources: [lb]}}", "proxyProtocol.trustedSources[0]: 'lb': a network like"},
      {"{sni: on}", "policy.sni: expected a mapping"},
      {"{sni: {}}", "policy.sni: routes are needed"},
      {"{sni: {routes: []}}", "policy.sni: routes are needed"},
      {"{sni: {routes: [shop.example]}}", "policy.sni.routes[0]: a mapping with names and a selector is needed"},
      {"{sni: {routes: [{names: [a.example]}]}}", "policy.sni.routes[0]: a selector is needed"},
      {"{sni: {routes: [{selector: a=b}]}}", "policy.sni.routes[0]: names are needed"},
      {"{sni: {routes: [{names: [a.example], selector: \"\"}]}}",
       "routes[0].selector: a selector that wants something"},
      {"{sni: {routes: [{names: [a.example, 127.0.0.1], selector: a=b}]}}",
       "policy.sni.routes[0].names[1]: clients send no server name for an address (RFC 6066), a host name is needed"},
      {"{sni: {routes: [{names: [\"*\"], selector: a=b}]}}", "routes[0].names[0]: a host name like shop.example"},
      {"{sni: {routes: [{names: [\"a.*.b\"], selector: a=b}]}}", "routes[0].names[0]: a host name like shop.example"},
      {"{sni: {routes: [{names: [\"w*.example\"], selector: a=b}]}}", "names[0]: a host name like shop.example"},
      {"{sni: {routes: [{names: [a.example], selector: a=b}, {names: [A.Example.], selector: c=d}]}}",
       "policy.sni.routes[1].names[0]: 'a.example' stands in these routes already"},
      {"{sni: {port: 443, routes: [{names: [a.example], selector: a=b}]}}",
       "policy.sni.port: the name or number of a TCP port of this Service is needed"},
      {"{sni: {timeout: 0, routes: [{names: [a.example], selector: a=b}]}}", "policy.sni.timeout: '0' is out of range"},
      {"{sni: {unmatched: drop, routes: [{names: [a.example], selector: a=b}]}}",
       "policy.sni.unmatched: expected one of default, reject"},
      {"{access: {allow: [10.0.0.1/8]}}", "policy.access.allow[0]: '10.0.0.1/8': no bit after the first 8 may be set"},
      {"{access: {allow: [10.0.0.0/33]}}", "the length of the prefix is a whole number from 0 to 32"},
      {"{access: {deny: [web]}}", "policy.access.deny[0]: 'web': a network like 10.0.0.0/8 or fd00::/8, or an address"},
      {"{access: {allow: [10.1.2.3], deny: [10.1.2.3/32]}}", "'10.1.2.3/32' is allowed as well, and only one can hold"},
      {"{access: {deny: [\"::ffff:10.0.0.1\"]}}", "an IPv4-mapped address stands for an IPv4 one"},
      {"{access: {alow: []}}", "policy.access.alow: unknown key, did you mean 'allow'?"},
      {"{idleTimeout: [1s]}", "expected a duration"},
      {"{connect: {timeout: 0}}", "out of range, allowed is 10ms to 10m"},
      {"{connect: {attempts: 0}}", "policy.connect.attempts: expected a whole number from 1 to 16"},
      {"{connect: {attempts: 17}}", "from 1 to 16, found the number '17'"},
      {"{connect: {retryBudget: 20}}", "policy.connect.retryBudget: expected a number from 0 to 1"},
      {"{slowStart: 2h}", "policy.slowStart: '2h' is out of range, allowed is 10ms to 1h, or 0 for never"},
      {"{outlierDetection: on}", "policy.outlierDetection: expected a mapping, found the text 'on'"},
      {"{outlierDetection: {connectFailures: -1}}", "connectFailures: expected a whole number from 0 to 1000"},
      {"{outlierDetection: {successRate: {deviatons: 2}}}", "successRate.deviatons: unknown key, did you mean"},
      {"{outlierDetection: {ejection: 10m, maxEjection: 5m}}",
       "policy.outlierDetection.maxEjection: is shorter than `ejection`, the shortest there is"},
      {"{outlierDetection: {maxEjected: 50}}", "maxEjected: expected a number from 0 to 1"},
      {"{connect: 1s}", "policy.connect: expected a mapping, found the text '1s'"},
      {"{drain: {timout: 1s}}", "policy.drain.timout: unknown key, did you mean 'timeout'?"},
      {"{onDown: close}", "one of keepSessions, closeSessions"},
      {"{healthCheck: on}", "policy.healthCheck: expected a mapping"},
      {"{healthCheck: {tcp: {}, http: {}}}", "one of tcp, http and grpc is allowed"},
      {"{healthCheck: {grpc: {}, tcp: {}}}", "policy.healthCheck.grpc: one of tcp, http and grpc is allowed, not two"},
      {"{healthCheck: {grpc: {port: 70000}}}", "policy.healthCheck.grpc.port: expected a whole number from 1 to 65535"},
      {"{healthCheck: {grpc: {service: \"a b\"}}}", "policy.healthCheck.grpc.service: 'a b': a name without spaces"},
      {"{healthCheck: {grpc: {servce: a}}}", "policy.healthCheck.grpc.servce: unknown key, did you mean 'service'?"},
      {"{healthCheck: {grpc: {authority: \"a\\r\\nb\"}}}", "a host name without spaces"},
      {"{healthCheck: {tcp: {}, rise: 0}}", "policy.healthCheck.rise: expected a whole number from 1 to 100"},
      {"{healthCheck: {tcp: {}, jitter: 0.6}}", "expected a number from 0 to 0.5"},
      {"{healthCheck: {tcp: {}, jitter: nan}}", "expected a number from 0 to 0.5"},
      {"{healthCheck: {tcp: {}, interval: 1s, fastInterval: 2s}}",
       "policy.healthCheck.fastInterval: the interval while"},
      {"{healthCheck: {tcp: {port: 0}}}", "from 1 to 65535"},
      {"{healthCheck: {http: {path: healthz}}}",
       "policy.healthCheck.http.path: 'healthz': a path that begins with '/'"},
      {"{healthCheck: {http: {path: \"/a b\"}}}", "a path that begins with '/'"},
      {"{healthCheck: {http: {path: \"/a\\r\\nX: y\"}}}", "a path that begins with '/'"},
      {"{healthCheck: {http: {method: get}}}", "capital letters"},
      {"{healthCheck: {http: {host: \"a\\nb\"}}}", "a host name without spaces"},
      {"{healthCheck: {http: {expectStatus: \"200-\"}}}", "statuses from 100 to 599"},
      {"{healthCheck: {http: {expectStatus: \"399-200\"}}}", "statuses from 100 to 599"},
      {"{healthCheck: {http: {expectStatus: \"600\"}}}", "statuses from 100 to 599"},
      {"{healthCheck: {http: {expectStatus: \"200,\"}}}", "statuses from 100 to 599"},
      {"{healthCheck: {http: {expectStatus: [200]}}}", "statuses from 100 to 599"},
      {"{healthCheck: {http: {method: HEAD, expectBody: ok}}}", "the answer to HEAD has no body"},
      {"{selector: \"x=a||y=b\"}", "policy.selector: character 1: value 'a||y'"},
      {"{selector: {matchLabel: {}}}", "did you mean 'matchLabels'?"},
      {"{selector: {matchLabels: {a: \"b c\"}}}", "policy.selector.matchLabels: value 'b c'"},
      {"{selector: {matchExpressions: [{key: a, operator: In}]}}",
       "matchExpressions[0]: key 'a': 'in' and 'notin' need"},
      {"{selector: {matchExpressions: [{key: a, operator: Exists, values: [x]}]}}", "take no value"},
      {"{selector: {matchExpressions: [{key: a, operator: Gt, values: [x]}]}}",
       "one of In, NotIn, Exists, DoesNotExist"},
      {"{selector: {matchExpressions: [{operator: Exists}]}}", "a key is needed"},
      {"{selector: [a]}", "expected a text, found a list"},
      {"\"x\"", "policy: expected a mapping, found the text 'x'"},
  };
  for (const auto& [policy, expected] : cases) {
    EXPECT_THAT(mistakes(with_policy(policy)), ElementsAre(HasSubstr(expected))) << policy;
  }
  EXPECT_THAT(mistakes(with_policy("{healthCheck: {http: {expectStatus: 204}}}")), IsEmpty());
}

TEST(PolicyOfService, which_endpoint_a_session_goes_to_is_read) {
  const Policy policy = policy_of(R"yaml(
  balancer: peakEwma
  peakEwma: {decay: 3s}
  first: {maxConnections: 50}
  weights:
  - {selector: "release=canary", weight: 5}
  - {selector: {matchLabels: {size: big}}, weight: 200}
  tiers: [{selector: "site=here"}, {selector: "site in (near,far)"}]
  locality: {prefer: sameNode, minHealthy: 0.5}
)yaml");
  EXPECT_EQ(policy.balancer, Balancer::kPeakEwma);
  EXPECT_EQ(policy.ewma_decay, milliseconds(3000));
  EXPECT_EQ(policy.first_limit, 50U);
  ASSERT_EQ(policy.weights.size(), 2U);
  EXPECT_EQ(policy.weights[0].selector.to_string(), "release=canary");
  EXPECT_EQ(policy.weights[0].weight, 5);
  EXPECT_EQ(policy.weights[1].weight, 200);
  ASSERT_EQ(policy.tiers.size(), 2U);
  EXPECT_EQ(policy.tiers[1].to_string(), "site in (far,near)");
  EXPECT_EQ(policy.prefer, Prefer::kSameNode);
  EXPECT_EQ(policy.min_healthy, 0.5);
}

TEST(PolicyOfService, a_list_replaces_the_inherited_one_whole) {
  const std::string defaults = with_defaults("{weights: [{selector: a=b, weight: 1}], tiers: [{selector: c=d}]}");
  EXPECT_EQ(policy_of("{}", defaults).weights.size(), 1U);
  const Policy own = policy_of("{weights: []}", defaults);
  EXPECT_TRUE(own.weights.empty());
  EXPECT_EQ(own.tiers.size(), 1U);
}

TEST(PolicyAnnotation, holds_the_same_as_text) {
  const std::string head =
      "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  annotations:\n    ringway.io/policy: |\n";
  const std::string tail = "spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n";
  const auto right = loaded(head + "      balancer: random\n      idleTimeout: 0\n" + tail);
  EXPECT_EQ(right.services[0].policy.balancer, Balancer::kRandom);
  EXPECT_EQ(right.services[0].policy.idle_timeout, milliseconds(0));

  EXPECT_THAT(mistakes(head + "      balancr: random\n      connect: {attempts: 0}\n" + tail),
              ElementsAre(StartsWith("f:6:24: metadata.annotations[ringway.io/policy].balancr: unknown key"),
                          StartsWith("f:6:24: metadata.annotations[ringway.io/policy].connect.attempts: expected")));
  EXPECT_THAT(mistakes(head + "      a: [\n" + tail),
              ElementsAre(HasSubstr("metadata.annotations[ringway.io/policy]: line 2 of it: this is no YAML")));
  EXPECT_THAT(mistakes(head + "      balancer: random\n" + tail + "policy: {}\n"),
              ElementsAre(HasSubstr("only one of the two is allowed")));
}

}  // namespace
}  // namespace ringway::config
