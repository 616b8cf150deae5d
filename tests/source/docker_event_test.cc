#include "discovery/source/docker_event.h"

#include <gmock/gmock.h>

#include <csignal>
#include <map>

#include "tests/source/testdata.h"

namespace ringway::discovery {
namespace {

using testing::HasSubstr;

std::map<DockerAction, int> count_actions(const std::string& file) {
  std::map<DockerAction, int> counts;
  for (const auto& line : testdata_lines(file)) {
    const auto event = parse_docker_event(line);
    EXPECT_TRUE(event.has_value()) << line;
    ++counts[event->action];
    EXPECT_EQ(event->id.size(), event->action == DockerAction::kIgnored ? 0U : 64U) << line;
    EXPECT_EQ(event->time_ns > 1'700'000'000'000'000'000, event->action != DockerAction::kIgnored) << line;
  }
  return counts;
}

TEST(DockerEvent, ReadsWhatEnginesSend) {
  for (const auto* file : {"docker20-events.jsonl", "docker28-events.jsonl", "podman-events.jsonl"}) {
    auto counts = count_actions(file);
    EXPECT_GE(counts[DockerAction::kStarted], 1) << file;
    EXPECT_GE(counts[DockerAction::kSignal], 1) << file;
    EXPECT_EQ(counts[DockerAction::kDied], 1) << file;
    EXPECT_EQ(counts[DockerAction::kRemoved], 1) << file;
    EXPECT_GE(counts[DockerAction::kChanged], 7) << file;
    EXPECT_GE(counts[DockerAction::kIgnored], 1) << file << ": exec";
  }
}

std::string line(const std::string& type, const std::string& action, const std::string& attributes) {
  return R"({"Type":")" + type + R"(","Action":")" + action + R"(","Actor":{"ID":"c1","Attributes":{)" + attributes +
         R"(}},"time":3,"timeNano":3000000005})";
}

TEST(DockerEvent, CarriesSignalExitCodeAndTime) {
  const auto kill = parse_docker_event(line("container", "kill", R"("signal":"15")"));
  EXPECT_EQ(kill->action, DockerAction::kSignal);
  EXPECT_EQ(kill->signal, SIGTERM);
  EXPECT_EQ(kill->time_ns, 3'000'000'005);
  EXPECT_EQ(parse_docker_event(line("container", "die", R"("exitCode":"137")"))->exit_code, "137");
}

TEST(DockerEvent, OfANetworkIsAboutTheContainer) {
  const auto docker = parse_docker_event(line("network", "disconnect", R"("container":"c2","name":"bridge")"));
  EXPECT_EQ(docker->id, "c2");
  EXPECT_EQ(docker->action, DockerAction::kChanged);
  EXPECT_EQ(parse_docker_event(line("network", "connect", ""))->id, "c1") << "Podman names the container as the actor";
  EXPECT_EQ(parse_docker_event(line("network", "create", ""))->action, DockerAction::kIgnored);
}

TEST(DockerEvent, ThatMeansNothingIsIgnored) {
  EXPECT_EQ(parse_docker_event(line("container", "exec_start: /bin/true", ""))->action, DockerAction::kIgnored);
  EXPECT_EQ(parse_docker_event(line("container", "top", ""))->action, DockerAction::kIgnored);
  EXPECT_EQ(parse_docker_event(line("image", "remove", ""))->action, DockerAction::kIgnored);
  EXPECT_EQ(parse_docker_event(line("container", "health_status: unhealthy", ""))->action, DockerAction::kChanged);
  EXPECT_EQ(parse_docker_event("{}")->action, DockerAction::kIgnored);
  EXPECT_EQ(parse_docker_event(R"({"Type":7,"Action":[],"Actor":"x"})")->action, DockerAction::kIgnored);
}

TEST(DockerEvent, ThatIsNoJsonObjectIsAnError) {
  for (const auto* text : {"", "nonsense", "[1]", "{\"Type\":", "\xff\xfe"}) {
    EXPECT_FALSE(parse_docker_event(text).has_value()) << text;
  }
  EXPECT_THAT(parse_docker_event("<html>").error(), HasSubstr("<html>"));
}

TEST(DockerEvent, WithAnIdThatIsNoneNeverGetsIntoARequest) {
  auto text = line("container", "start", "");
  text.replace(text.find("c1"), 2, "../../images");
  EXPECT_EQ(parse_docker_event(text)->action, DockerAction::kIgnored);
  EXPECT_FALSE(is_container_id("a b"));
  EXPECT_FALSE(is_container_id("a\r\nHost: x"));
  EXPECT_FALSE(is_container_id(std::string(129, 'a')));
  EXPECT_TRUE(is_container_id(std::string(64, 'f')));
}

TEST(DockerEvent, HostileNestingIsHarmless) {
  EXPECT_FALSE(parse_docker_event(std::string(900'000, '[')).has_value());
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(parse_docker_event("{\"a\":" + deep + "}")->action, DockerAction::kIgnored);
}

}  // namespace
}  // namespace ringway::discovery
