#include "discovery/source/cri_pod.h"

#include <gmock/gmock.h>

#include "tests/source/cri_pods.h"

namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

std::string reason(const std::vector<CriContainer>& containers, const CriSandbox& sandbox = cri_sandbox("s", "web-1")) {
  const auto workload = workload_of(sandbox, by_id(containers));
  EXPECT_EQ(workload.ready, workload.reason.empty());
  EXPECT_EQ(workload.terminating, !sandbox.ready);
  return workload.reason;
}

TEST(CriPod, is_a_workload_with_name_namespace_labels_and_addresses) {
  auto sandbox = cri_sandbox("s", "web-1");
  sandbox.labels = {{"app", "web"}};
  const auto workload = workload_of(sandbox, by_id({cri_container("c", "s")}));
  EXPECT_EQ(workload.source, "containerd");
  EXPECT_EQ(workload.id, "s");
  EXPECT_EQ(workload.ns, "shop");
  EXPECT_EQ(workload.name, "web-1");
  EXPECT_THAT(workload.labels, ElementsAre(Pair("app", "web")));
  EXPECT_EQ(workload.addresses, sandbox.addresses);
  EXPECT_TRUE(workload.ready);
}

TEST(CriPod, is_ready_while_the_newest_run_of_each_container_runs) {
  const auto web = cri_container("c1", "s", "web");
  auto created = cri_container("c2", "s", "log");
  created.state = CriState::kCreated;
  auto unknown = created;
  unknown.state = CriState::kUnknown;
  EXPECT_EQ(reason({}), "no container runs");
  EXPECT_EQ(reason({web}), "");
  EXPECT_EQ(reason({web, created}), "container log created, not started");
  EXPECT_THAT(reason({web, unknown}), HasSubstr("does not know"));
  EXPECT_EQ(reason({cri_exited(web, 137)}), "container web exited (137)");

  auto killed = cri_exited(web, 137);
  killed.reason = "OOMKilled";
  EXPECT_EQ(reason({killed}), "container web exited (137, out of memory)");
  killed.has_status = false;
  EXPECT_EQ(reason({killed}), "container web exited");

  auto second = cri_container("c0", "s", "web");
  second.attempt = 1;
  EXPECT_EQ(reason({cri_exited(web, 1), second}), "");
}

TEST(CriPod, does_not_count_a_container_that_ended_well_before_the_next_was_created) {
  const auto init = cri_exited(cri_container("c1", "s", "migrate"), 0, 150);
  auto web = cri_container("c2", "s", "web");
  web.created_ns = 160;
  EXPECT_EQ(reason({init, web}), "");
  EXPECT_EQ(reason({cri_exited(init, 1, 150), web}), "container migrate exited (1)");
  EXPECT_EQ(reason({cri_exited(init, 0, 170), web}), "container migrate exited (0)") << "it ran beside the other";
  EXPECT_EQ(reason({init}), "container migrate exited (0)") << "nothing follows yet";
}

TEST(CriPod, is_terminating_without_an_address_once_its_sandbox_has_stopped) {
  auto sandbox = cri_sandbox("s", "web-1");
  sandbox.ready = false;
  EXPECT_EQ(reason({cri_container("c", "s")}, sandbox), "sandbox stopped");
  EXPECT_THAT(workload_of(sandbox, {}).addresses, IsEmpty());
}

TEST(CriPod, has_the_address_of_the_host_in_the_host_network_and_says_so_where_it_has_none) {
  auto sandbox = without_status(cri_sandbox("s", "web-1"));
  EXPECT_EQ(reason({cri_container("c", "s")}, sandbox), "no address");
  sandbox.host_network = true;
  EXPECT_EQ(workload_of(sandbox, {}).addresses.front().to_string(), "127.0.0.1");
}

TEST(CriPod, takes_one_address_of_each_family) {
  std::vector<proxy::IpAddress> addresses;
  for (const auto* text : {"10.99.0.2", "", "10.99.0.3", "fd00::2", "fd00::3", "no address"}) {
    add_address(text, addresses);
  }
  EXPECT_THAT(addresses, ElementsAre(*proxy::IpAddress::parse("10.99.0.2"), *proxy::IpAddress::parse("fd00::2")));
}

TEST(CriPod, names_ports_by_annotation_then_label_then_what_a_kubelet_noted) {
  auto sandbox = cri_sandbox("s", "web-1");
  sandbox.annotations = {{"ringway.io/port.http", "8080"}, {"ringway.io/port.dns", "53/udp"}};
  sandbox.labels = {{"ringway.io/port.http", "1"}, {"ringway.io/port.admin", "9000"}, {"ringway.io/port.bad", "x"}};
  auto container = cri_container("c", "s");
  container.port_list =
      R"([{"name":"admin","containerPort":2},{"name":"metrics","containerPort":9100,"protocol":"TCP"},
          {"containerPort":7},{"name":"s","containerPort":8,"protocol":"SCTP"},{"name":"big","containerPort":70000}, 5])";
  const auto workload = workload_of(sandbox, by_id({container}));
  EXPECT_THAT(workload.ports,
              UnorderedElementsAre(Pair("http", NamedPort{8080, false}), Pair("dns", NamedPort{53, true}),
                                   Pair("admin", NamedPort{9000, false}), Pair("metrics", NamedPort{9100, false})));
  EXPECT_THAT(workload.note, HasSubstr("label ringway.io/port.bad=x is ignored"));

  container.port_list = "no JSON";
  EXPECT_EQ(workload_of(sandbox, by_id({container})).ports.size(), 3U);
}

}  // namespace
}  // namespace ringway::discovery
