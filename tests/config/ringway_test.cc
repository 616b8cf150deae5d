#include "tests/config/loading.h"

namespace ringway::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(RingwayKind, everything_has_a_default) {
  for (const std::string& text : {std::string(), ringway(""), ringway("{}")}) {
    const Ringway value = loaded(text).ringway;
    EXPECT_FALSE(value.node.empty());
    EXPECT_EQ(value.workers, 0U);
    EXPECT_EQ(value.engine, Engine::kAuto);
    EXPECT_EQ(value.admin_listen, "127.0.0.1:9900");
    EXPECT_EQ(value.log_level, LogLevel::kInfo);
    EXPECT_FALSE(value.access_log);
    EXPECT_EQ(value.virtual_ip_mode, VirtualIpMode::kAuto);
    EXPECT_EQ(value.virtual_ip_interface, "lo");
    EXPECT_FALSE(value.docker);
    EXPECT_FALSE(value.default_policy.health_check);
  }
}

TEST(RingwayKind, every_key_is_read) {
  const Ringway value = loaded(ringway(R"(
  node: {name: node-a, zone: z1}
  workers: 4
  engine: epoll
  busyPoll: 50us
  minSyncPeriod: 250ms
  admin: {listen: "unix:/run/ringway/admin.sock"}
  log: {level: debug, format: json, accessLog: on}
  virtualIPs: {mode: off, interface: dummy0}
  transparentSource: {mark: 16, table: 300, priority: 40}
  manifests: []
  stateDirectory: /srv/ringway
  backlog: 512
  discovery: {docker: {socket: "unix:/run/d.sock", network: front}}
  defaults: {policy: {balancer: random}}
)"))
                            .ringway;
  EXPECT_EQ(value.node, "node-a");
  EXPECT_EQ(value.zone, "z1");
  EXPECT_EQ(value.workers, 4U);
  EXPECT_EQ(value.engine, Engine::kEpoll);
  EXPECT_EQ(value.busy_poll, std::chrono::microseconds(50));
  EXPECT_EQ(value.min_sync_period, std::chrono::milliseconds(250));
  EXPECT_EQ(value.admin_listen, "unix:/run/ringway/admin.sock");
  EXPECT_EQ(value.log_level, LogLevel::kDebug);
  EXPECT_EQ(value.log_format, LogFormat::kJson);
  EXPECT_TRUE(value.access_log);
  EXPECT_EQ(value.virtual_ip_mode, VirtualIpMode::kOff);
  EXPECT_EQ(value.virtual_ip_interface, "dummy0");
  EXPECT_EQ(value.state_directory, "/srv/ringway");
  EXPECT_EQ(value.transparent_mark, 16U);
  EXPECT_EQ(value.transparent_table, 300U);
  EXPECT_EQ(value.transparent_priority, 40U);
  EXPECT_EQ(value.backlog, 512U);
  ASSERT_TRUE(value.docker);
  EXPECT_EQ(value.docker->socket, "unix:/run/d.sock");
  EXPECT_EQ(value.docker->network, "front");
  EXPECT_EQ(value.default_policy.balancer, Balancer::kRandom);
}

TEST(RingwayKind, an_unknown_key_names_the_nearest_or_all_that_are_allowed) {
  EXPECT_THAT(
      mistakes(ringway("{worker: 2, sleeping: 5, log: {lvel: info}, virtualIps: {}}")),
      ElementsAre(
          "f:3:8: spec.worker: unknown key, did you mean 'workers'?",
          "f:3:19: spec.sleeping: unknown key, allowed is node, workers, engine, busyPoll, backlog, admin, log, "
          "virtualIPs, externalIPs, nodePortAddresses, manifests, discovery, defaults, stateDirectory, "
          "minSyncPeriod, transparentSource",
          "f:3:38: spec.log.lvel: unknown key, did you mean 'level'?",
          "f:3:51: spec.virtualIps: unknown key, did you mean 'virtualIPs'?"));
  EXPECT_THAT(mistakes("apiVersion: ringway/v1\nkind: Ringway\nspecs: {}\n"),
              ElementsAre("f:3:1: specs: unknown key, did you mean 'spec'?"));
}

TEST(RingwayKind, wrong_values_say_what_is_allowed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{workers: 0}", "spec.workers: expected a whole number from 1 to 256"},
      {"{workers: 257}", "expected a whole number from 1 to 256"},
      {"{workers: many}", "auto, or a whole number from 1 to 256"},
      {"{workers: \"4\"}", "auto, or a whole number from 1 to 256"},
      {"{busyPoll: 11ms}", "allowed is 0 to 10000us"},
      {"{busyPoll: 5}", "the unit is missing"},
      {"{minSyncPeriod: 11s}", "spec.minSyncPeriod: '11s' is out of range, allowed is 0"},
      {"{engine: uring}", "one of auto, io_uring, epoll"},
      {"{admin: {listen: \":9900\"}}",
       "spec.admin.listen: ':9900': IP:PORT, [IPv6]:PORT, localhost:PORT or unix:/PATH"},
      {"{admin: {listen: \"127.0.0.1\"}}", "IP:PORT"},
      {"{admin: {listen: \"127.0.0.1:70000\"}}", "IP:PORT"},
      {"{admin: {listen: \"::1:9900\"}}", "[IPv6]:PORT"},
      {"{admin: {listen: \"[127.0.0.1]:9900\"}}", "IP:PORT"},
      {"{admin: {listen: \"example.com:80\"}}", "IP:PORT"},
      {"{admin: {listen: \"unix:run/x\"}}", "must be absolute"},
      {"{admin: {listen: \"unix:/" + std::string(107, 'x') + "\"}}", "at most 107 bytes"},
      {"{admin: {listen: 9900}}", "expected a text"},
      {"{admin: \"127.0.0.1:9900\"}", "spec.admin: expected a mapping"},
      {"{log: {level: trace}}", "one of debug, info, warn, error"},
      {"{log: {level: debugg}}", "expected debug? Allowed is one of"},
      {"{log: {format: xml}}", "one of text, json"},
      {"{log: {accessLog: maybe}}", "one of on, off"},
      {"{virtualIPs: {mode: on}}", "one of auto, steer, off"},
      {"{virtualIPs: {interface: \"a/b\"}}", "network interface"},
      {"{virtualIPs: {interface: abcdefghijklmnop}}", "1 to 15 characters"},
      {"{node: {name: Node_A}}", "spec.node.name: 'Node_A'"},
      {"{node: {zone: \"a b\"}}", "spec.node.zone"},
      {"{backlog: 0}", "spec.backlog: "},
      {"{backlog: 65536}", "spec.backlog: "},
      {"{stateDirectory: state}", "spec.stateDirectory: 'state': an absolute path is needed, like /var/lib/ringway"},
      {"{manifests: services.d}", "spec.manifests: expected a list, found the text 'services.d'"},
      {"{manifests: [\"\"]}", "spec.manifests[0]: the path of a file"},
      {"{discovery: {docker: }}", "{} for the defaults"},
      {"{discovery: {docker: {socket: /var/run/docker.sock}}}", "unix:/PATH is needed"},
      {"{discovery: {kubernetes: }}", "{} for the cluster that this Pod runs in"},
      {"{discovery: {kubernetes: {kubeconfig: \"\"}}}", "the path of a kubeconfig is needed"},
      {"{discovery: {kubernetes: {context: a}}}", "a context stands in a kubeconfig"},
      {"{discovery: {kubernetes: {namespaces: [A]}}}", "spec.discovery.kubernetes.namespaces[0]"},
      {"{discovery: {kubernetes: {labelSelector: \"a in\"}}}", "spec.discovery.kubernetes.labelSelector"},
      {"{defaults: {policy: {selector: \"a=b\"}}}", "spec.defaults.policy.selector: a selector belongs to one Service"},
      {"[]", "spec: expected a mapping, found a list"},
      {"5", "spec: expected a mapping, found the number '5'"},
  };
  for (const auto& [spec, expected] : cases) {
    EXPECT_THAT(mistakes(ringway(spec)), ElementsAre(HasSubstr(expected))) << spec;
  }
}

TEST(RingwayKind, listen_addresses_become_canonical) {
  EXPECT_EQ(loaded(ringway("{admin: {listen: \"localhost:0\"}}")).ringway.admin_listen, "127.0.0.1:0");
  EXPECT_EQ(loaded(ringway("{admin: {listen: \"[0:0::1]:9900\"}}")).ringway.admin_listen, "[::1]:9900");
}

TEST(RingwayKind, stands_once_and_a_second_one_names_the_first) {
  EXPECT_THAT(mistakes(ringway("{}") + ringway("{wrong: 1}")),
              ElementsAre("f:5:1: a second kind: Ringway, only one is allowed; the first stands at f:1"));
}

TEST(RingwayKind, containerd_is_a_source_where_the_build_has_grpc_and_a_mistake_elsewhere) {
  const std::string defaults = ringway("{discovery: {containerd: {}}}");
  if (!containerd_built_in()) {
    EXPECT_THAT(mistakes(defaults), ElementsAre(AllOf(HasSubstr("spec.discovery.containerd: this build cannot"),
                                                      HasSubstr("libgrpc++-dev"), HasSubstr("RINGWAY_CRI=ON"))));
    return;
  }
  EXPECT_EQ(loaded(defaults).ringway.containerd->socket, "unix:/run/containerd/containerd.sock");
  EXPECT_EQ(loaded(ringway("{discovery: {containerd: {socket: \"unix:/run/k.sock\"}}}")).ringway.containerd->socket,
            "unix:/run/k.sock");
  EXPECT_THAT(mistakes(ringway("{discovery: {containerd: }}")), ElementsAre(HasSubstr("{} for the defaults")));
  EXPECT_THAT(mistakes(ringway("{discovery: {containerd: {socket: /run/k.sock}}}")),
              ElementsAre(HasSubstr("unix:/PATH is needed, like unix:/run/containerd/containerd.sock")));
  EXPECT_THAT(mistakes(ringway("{discovery: {containerd: {sockets: x}}}")), ElementsAre(HasSubstr("socket")));
}

}  // namespace
}  // namespace ringway::config
