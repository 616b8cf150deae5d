#include <discovery/source/cri/api.pb.h>
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>

#include "discovery/source/cri/messages.h"
#include "tests/source/recording_sink.h"
#include "tests/source/testdata.h"

/// Answers and events of real runtimes: containerd 1.6.20, 1.7.24 and 2.1.9.
namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

template <typename Message>
Message message_of(const std::string& text) {
  Message message;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(text, &message, options);
  EXPECT_TRUE(status.ok()) << status.ToString() << " in " << text.substr(0, 200);
  return message;
}

class CriCapture : public testing::TestWithParam<std::string> {
 protected:
  static std::string file(const std::string& name) { return testdata(GetParam() + "-" + name + ".json"); }

  static CriListing listing() {
    CriListing listing;
    const auto sandboxes = message_of<runtime::v1::ListPodSandboxResponse>(file("sandboxes"));
    for (const auto& item : sandboxes.items()) {
      listing.sandboxes.push_back(sandbox_of(item));
    }
    const auto containers = message_of<runtime::v1::ListContainersResponse>(file("containers"));
    for (const auto& item : containers.containers()) {
      listing.containers.push_back(container_of(item));
    }
    return listing;
  }
};

TEST_P(CriCapture, a_list_and_a_status_are_a_ready_workload) {
  RecordingSink sink("containerd");
  CriTable table(sink);
  auto all = listing();
  const auto status = message_of<runtime::v1::PodSandboxStatusResponse>(file("be2"));
  for (auto& sandbox : all.sandboxes) {
    EXPECT_FALSE(table.knows(sandbox));
    sandbox = sandbox.name == "be2" ? sandbox_of(status.status()) : sandbox;
  }
  table.begin(1);
  table.list_begins(1);
  table.listed(std::move(all), {});
  EXPECT_THAT(sink.log, ElementsAre("reset be1 be2 be3"));
  ASSERT_TRUE(sink.ready("be2")) << sink.reason("be2");
  EXPECT_EQ(sink.find("be2")->ns, "default");
  EXPECT_THAT(sink.find("be2")->labels,
              UnorderedElementsAre(Pair("tier", "backend"), Pair("release", "stable"), Pair("proxy.port", "8080")));
  EXPECT_THAT(sink.find("be2")->addresses, ElementsAre(*proxy::IpAddress::parse("10.99.0.3")));
  EXPECT_EQ(sink.reason("be1"), "no address") << "nobody asked for it";
}

TEST_P(CriCapture, a_stopped_sandbox_is_terminating_and_has_no_address) {
  const auto status = message_of<runtime::v1::PodSandboxStatusResponse>(file("be2-stopped"));
  const auto sandbox = sandbox_of(status.status());
  EXPECT_FALSE(sandbox.ready);
  EXPECT_THAT(sandbox.addresses, IsEmpty());
  EXPECT_TRUE(workload_of(sandbox, {}).terminating);
}

TEST_P(CriCapture, an_exited_container_has_its_code) {
  const auto status = message_of<runtime::v1::ContainerStatusResponse>(file("be1-exited"));
  const auto container = container_of(status.status(), "pod");
  EXPECT_EQ(container.state, CriState::kExited);
  EXPECT_EQ(container.sandbox, "pod");
  EXPECT_EQ(container.exit_code, 137);
  EXPECT_EQ(container.reason, "Error");
  EXPECT_GT(container.finished_ns, container.created_ns);
}

INSTANTIATE_TEST_SUITE_P(Containerd, CriCapture, testing::Values("cri16", "cri17", "cri21"),
                         [](const auto& info) { return info.param; });

class CriEvents : public testing::TestWithParam<std::string> {};

TEST_P(CriEvents, tell_the_lives_of_four_pods) {
  RecordingSink sink("containerd");
  CriTable table(sink);
  table.begin(1);
  table.list_begins(1);
  table.listed({}, {});
  for (const auto& line : testdata_lines(GetParam() + "-events.jsonl")) {
    table.apply(event_of(message_of<runtime::v1::ContainerEventResponse>(line)), {});
  }
  EXPECT_FALSE(table.wants_list());
  EXPECT_EQ(table.size(), 0U) << "all were removed in the end";
  std::string log;
  for (const auto& line : sink.log) {
    log += (line.starts_with("remove ") ? "remove" : line) + "\n";
  }
  const auto up = [&](const std::string& name) {
    return "upsert " + name + " not: no container runs\nupsert " + name +
           " not: container web created, not started\nupsert " + name + " ready\n";
  };
  const auto killed = [](const std::string& name) { return "upsert " + name + " not: container web exited (137)\n"; };
  const auto stopped = [](const std::string& name) {
    return "upsert " + name + " not: sandbox stopped sandbox stopped\nremove\n";
  };
  EXPECT_EQ(log, "reset\n" + up("be1") + up("be2") + up("be3") + killed("be1") + killed("be3") + up("k0") +
                     killed("k0") + stopped("k0") + killed("be2") + stopped("be2") + stopped("be1") + stopped("be3"));
}

INSTANTIATE_TEST_SUITE_P(Containerd, CriEvents, testing::Values("cri17", "cri21"),
                         [](const auto& info) { return info.param; });

TEST(CriMessages, read_all_addresses_and_the_host_network) {
  runtime::v1::PodSandboxStatus status;
  status.mutable_network()->set_ip("10.99.0.2");
  status.mutable_network()->add_additional_ips()->set_ip("fd00::2");
  EXPECT_THAT(sandbox_of(status).addresses,
              ElementsAre(*proxy::IpAddress::parse("10.99.0.2"), *proxy::IpAddress::parse("fd00::2")));
  EXPECT_FALSE(sandbox_of(status).host_network);
  status.mutable_linux()->mutable_namespaces()->mutable_options()->set_network(runtime::v1::NODE);
  EXPECT_TRUE(sandbox_of(status).host_network);
}

}  // namespace
}  // namespace ringway::discovery
