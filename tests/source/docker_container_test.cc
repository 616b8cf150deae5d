#include "discovery/source/docker_container.h"

#include <gmock/gmock.h>
#include <algorithm>

#include <csignal>

#include "tests/source/testdata.h"

namespace ringway::discovery {
namespace {

using proxy::IpAddress;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

DockerContainer recorded(const std::string& file) {
  auto container = parse_docker_container(testdata(file));
  EXPECT_TRUE(container.has_value()) << file;
  return container.value_or(DockerContainer());
}

Workload workload(const DockerContainer& container, const std::string& network = "") {
  return workload_of(container, nullptr, network);
}

IpAddress ip(const std::string& text) {
  return *IpAddress::parse(text);
}

TEST(DockerContainer, OfARunningOneIsAReadyWorkload) {
  for (const auto* file : {"docker20-be1.json", "docker28-be1.json", "podman-be1.json"}) {
    const auto result = workload(recorded(file));
    EXPECT_EQ(result.source, "docker");
    EXPECT_EQ(result.id.size(), 64U);
    EXPECT_EQ(result.name, "be1");
    EXPECT_EQ(result.ns, "");
    EXPECT_THAT(result.labels, UnorderedElementsAre(Pair("release", "stable"), Pair("tier", "backend")));
    EXPECT_EQ(result.addresses.size(), 1U) << file;
    EXPECT_TRUE(result.ready) << file << ": " << result.reason;
    EXPECT_EQ(result.reason, "");
  }
}

TEST(DockerContainer, IsNotReadyForAReasonAPersonCanRead) {
  for (const std::string engine : {"docker20", "docker28"}) {
    EXPECT_EQ(workload(recorded(engine + "-be1-paused.json")).reason, "paused");
    EXPECT_EQ(workload(recorded(engine + "-be2-unhealthy.json")).reason, "health check unhealthy");
    const auto exited = workload(recorded(engine + "-be3-exited.json"));
    EXPECT_EQ(exited.reason, "exited (137)");
    EXPECT_FALSE(exited.ready);
    EXPECT_THAT(exited.addresses, IsEmpty());
    EXPECT_TRUE(workload(recorded(engine + "-be2.json")).ready) << "healthy";
  }
  auto container = recorded("docker28-be2.json");
  container.health = "starting";
  EXPECT_EQ(workload(container).reason, "health check starting");
  container.running = false;
  container.status = "created";
  EXPECT_EQ(workload(container).reason, "created");
  container.restarting = true;
  EXPECT_EQ(workload(container).reason, "restarting");
  container.dead = true;
  EXPECT_EQ(workload(container).reason, "dead");
}

TEST(DockerContainer, HasTheAddressOfTheConfiguredNetwork) {
  const auto container = recorded("docker28-be3-two-networks.json");
  EXPECT_THAT(workload(container).addresses, ElementsAre(ip("172.17.0.4"))) << "bridge comes first";
  EXPECT_THAT(workload(container, "net2").addresses, ElementsAre(ip("10.77.0.2")));
  const auto elsewhere = workload(container, "front");
  EXPECT_FALSE(elsewhere.ready);
  EXPECT_EQ(elsewhere.reason, "no address in network front (has: bridge, net2)");
}

TEST(DockerContainer, WithoutBridgeTakesItsFirstNetworkWithAnAddress) {
  DockerContainer container;
  container.running = true;
  container.networks = {{"a", {}}, {"b", {ip("10.1.0.2"), ip("fd00::2")}}, {"c", {ip("10.2.0.2")}}};
  EXPECT_THAT(workload(container).addresses, ElementsAre(ip("10.1.0.2"), ip("fd00::2")));
  container.networks.clear();
  EXPECT_EQ(workload(container).reason, "no address in any network");
}

TEST(DockerContainer, InTheHostNetworkIsOnLoopback) {
  DockerContainer container;
  container.running = true;
  container.host_network = true;
  container.networks = {{"host", {}}};
  EXPECT_THAT(workload(container, "front").addresses, ElementsAre(ip("127.0.0.1")));
}

TEST(DockerContainer, InAnothersNetworkHasItsAddress) {
  auto parent = recorded("docker28-be1.json");
  DockerContainer child;
  child.running = true;
  child.network_parent = parent.id;
  EXPECT_EQ(workload_of(child, &parent, "").addresses, workload(parent).addresses);
  parent.running = false;
  EXPECT_FALSE(workload_of(child, &parent, "").ready);
  EXPECT_FALSE(workload_of(child, nullptr, "").ready);
}

TEST(DockerContainer, ReadsModesSignalsAndTimes) {
  const auto container = parse_docker_container(R"({"Id":"c1","Name":"/x",
      "State":{"Running":true,"StartedAt":"1970-01-01T01:00:01.25+01:00"},
      "HostConfig":{"NetworkMode":"container:c0"},"Config":{"StopSignal":"SIGQUIT","Labels":{"a":null}},
      "NetworkSettings":{"Networks":{"n":{"IPAddress":"","GlobalIPv6Address":"fd00::9"}}}})");
  ASSERT_TRUE(container);
  EXPECT_EQ(container->network_parent, "c0");
  EXPECT_EQ(container->stop_signal, SIGQUIT);
  EXPECT_EQ(container->started_ns, 1'250'000'000);
  EXPECT_THAT(container->networks.at("n"), ElementsAre(ip("fd00::9")));
  EXPECT_EQ(recorded("docker28-be1.json").started_ns % 1'000'000'000, 762'207'218);
}

TEST(DockerContainer, OfAnAnswerThatIsNoneIsNothing) {
  for (const auto* text : {"", "null", "[]", "{}", R"({"Id":"c1"})", R"({"Id":"../x","State":{}})", "{\"Id\":\"c1\""}) {
    EXPECT_FALSE(parse_docker_container(text)) << text;
  }
  EXPECT_TRUE(parse_docker_container(R"({"Id":"c1","State":{"Running":"yes","StartedAt":5,"Health":[]},"Config":3,
      "HostConfig":null,"NetworkSettings":{"Networks":[1]}})"));
}

TEST(DockerList, GivesIdsOnly) {
  EXPECT_EQ(parse_docker_list(testdata("docker28-list.json"))->size(), 3U);
  EXPECT_THAT(*parse_docker_list(R"([{"Id":"a"},{"Id":"b/../c"},{},7])"), ElementsAre("a"));
  EXPECT_FALSE(parse_docker_list("{}"));
  EXPECT_FALSE(parse_docker_list("[{\"Id\":\"a\"}"));
}

TEST(DockerLabels, NameNamespaceAndPorts) {
  DockerContainer container;
  container.running = true;
  container.host_network = true;
  container.labels = {{"io.kubernetes.pod.namespace", "pods"},
                      {"ringway.io/port.dns", "53/udp"},
                      {"ringway.io/port.http", "8080"},
                      {"ringway.io/port.web", "8081/tcp"}};
  auto result = workload(container);
  EXPECT_EQ(result.ns, "pods");
  EXPECT_THAT(result.ports, UnorderedElementsAre(Pair("http", NamedPort{8080, false}), Pair("dns", NamedPort{53, true}),
                                                 Pair("web", NamedPort{8081, false})));
  EXPECT_EQ(result.note, "");
  container.labels.emplace("ringway.io/namespace", "shop");
  EXPECT_EQ(workload(container).ns, "shop");
}

TEST(DockerLabels, WithABadPortAreNotedAndOtherwiseUsed) {
  for (const auto* bad : {"", "0", "65536", "http", "80/sctp", "80/", " 80", "-1", "80 "}) {
    DockerContainer container;
    container.running = true;
    container.host_network = true;
    container.labels = {{"ringway.io/port.http", bad}, {"ringway.io/port.ok", "1"}};
    const auto result = workload(container);
    EXPECT_THAT(result.ports, UnorderedElementsAre(Pair("ok", NamedPort{1, false}))) << bad;
    EXPECT_THAT(result.note, HasSubstr("ringway.io/port.http")) << bad;
    EXPECT_TRUE(result.ready);
  }
}

TEST(DockerLabels, WithManyBadPortsAreNotedInOneShortLine) {
  DockerContainer container;
  const std::string long_name(60'000, 'n');
  for (int i = 1000; i < 4000; ++i) {
    container.labels["ringway.io/port." + std::to_string(i) + long_name] = std::string(60'000, 'x');
  }
  const std::string note = workload(container).note;
  EXPECT_LT(note.size(), 1'200U);
  EXPECT_THAT(note, HasSubstr("label ringway.io/port.1000nnn"));
  EXPECT_THAT(note, HasSubstr("…=xxx"));
  const std::size_t at = note.rfind("; … and ");
  ASSERT_NE(at, std::string::npos) << note;
  const auto told = static_cast<std::size_t>(std::ranges::count(note.substr(0, at), '='));
  EXPECT_GT(told, 2U);
  // Each names the form that is wanted too, which has a '=' of its own.
  EXPECT_EQ(note.substr(at), "; … and " + std::to_string(3000 - told / 2) + " more");
}

TEST(DockerLabels, AreNeverCutWithinACharacter) {
  for (std::size_t before = 0; before < 4; ++before) {
    DockerContainer container;
    std::string value(before, 'x');
    for (int i = 0; i < 100; ++i) {
      value += "\U0001F6F6";
    }
    container.labels = {{"ringway.io/port.a", value}};
    const std::string note = workload(container).note;
    const std::size_t mark = note.find("…");
    ASSERT_NE(mark, std::string::npos) << note;
    EXPECT_EQ(note.substr(mark - 4, 4), "\U0001F6F6") << note;
  }
}

TEST(DockerLabels, SayTheWeightAndABadOneIsNoted) {
  DockerContainer container;
  container.labels = {{"ringway.io/weight", "5"}};
  EXPECT_EQ(workload(container).weight, 5);
  EXPECT_EQ(workload(container).note, "");
  container.labels = {{"ringway.io/weight", "5%"}};
  EXPECT_EQ(workload(container).weight, std::nullopt);
  EXPECT_EQ(workload(container).note,
            "label ringway.io/weight is ignored: '5%' is no weight, a whole number from 0 to 1000 is needed");
}

}  // namespace
}  // namespace ringway::discovery
