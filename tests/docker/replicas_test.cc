#include <gtest/gtest.h>

#include "tests/docker/engine/box.h"
#include "tests/docker/engine/docker_engine.h"
#include "tests/harness/replica_scenario.h"

/// Copies of a container come, go and are replaced under steady load.
namespace ringway::test {
namespace {

constexpr std::uint16_t kPort = 7000;
constexpr int kGrace_s = 30;

class DockerReplicas : public ReplicaEngine {
 public:
  explicit DockerReplicas(DockerEngine& engine) : engine_(engine) {}

  void start(const Replica& replica) override {
    engine_.run(
        {.name = replica.name,
         .labels = {{"app", "web"}, {"release", replica.release}, {"ringway.io/port.greet", std::to_string(kPort)}},
         .options = {"--volume", std::string(RINGWAY_GREETER) + ":/greeter:ro", "--cap-add", "NET_ADMIN"},
         .command = {"/greeter", replica.release + " " + replica.name, std::to_string(kPort), "drain"}});
  }
  int stop(const std::string& name) override {
    engine_.stop_container(name, kGrace_s);
    const int status = std::stoi(engine_.docker({"inspect", "-f", "{{.State.ExitCode}}", name}));
    engine_.docker({"rm", name});
    return status;
  }
  SocketAddress address(const std::string& name) override {
    return {IpAddress::parse(engine_.address(name)).value(), kPort};
  }
  std::int64_t started_ns(const std::string& name) override {
    std::string told;
    // The client's command may be back before the engine has sent its event.
    EXPECT_TRUE(wait_until([&] {
      told = engine_.docker({"events", "--since", "10m", "--until", "0s", "--filter", "container=" + name, "--filter",
                             "event=start", "--format", "{{.TimeNano}}"});
      return !told.empty();
    })) << "no start of "
        << name;
    return told.empty() ? 0 : std::stoll(told);
  }

 private:
  DockerEngine& engine_;
};

class DockerReplicasTest : public testing::Test {
 protected:
  void SetUp() override {
    RINGWAY_NEEDS_ENGINE("dockerd");
    engine_.start();
  }
  [[nodiscard]] ScenarioOptions options() const {
    return {.discovery = "{docker: {socket: \"" + engine_.socket() + "\"}}", .tells_of_stops = true};
  }

  DockerEngine engine_;
  DockerReplicas replicas_{engine_};
};

TEST_F(DockerReplicasTest, scaling_up_down_to_none_and_back_fails_no_client) {
  ReplicaScenario(replicas_, options()).scale();
}

TEST_F(DockerReplicasTest, a_rolling_update_fails_no_client) {
  ReplicaScenario(replicas_, options()).roll();
}

}  // namespace
}  // namespace ringway::test
