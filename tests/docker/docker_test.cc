#include <gmock/gmock.h>

#include <optional>

#include "tests/docker/engine/box.h"
#include "tests/docker/engine/docker_engine.h"
#include "tests/docker/engine/image.h"
#include "tests/docker/watch.h"

namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class Docker : public testing::Test {
 protected:
  void SetUp() override {
    RINGWAY_NEEDS_ENGINE("dockerd");
    engine_.emplace();
    engine_->start();
  }
  std::vector<proxy::IpAddress> addresses(const std::string& name, const std::string& network = "bridge") {
    return {*proxy::IpAddress::parse(engine_->address(name, network))};
  }

  std::optional<test::DockerEngine> engine_;
};

TEST_F(Docker, ListsContainersWithLabelsAddressesAndPorts) {
  const auto id = engine_->run({.name = "web", .labels = {{"tier", "backend"}, {"ringway.io/port.http", "8080"}}});
  engine_->docker({"create", "--name", "idle", test::kImage, "true"});
  Watch watch(engine_->socket());
  ASSERT_TRUE(watch.until_connected());
  EXPECT_THAT(watch.sink.log, ElementsAre("reset idle web"));
  EXPECT_THAT(watch.sink.last_status.detail, StartsWith("Docker "));
  EXPECT_THAT(watch.sink.last_status.detail, testing::HasSubstr(", API 1."));

  const auto* web = watch.sink.find("web");
  EXPECT_EQ(web->id, id);
  EXPECT_TRUE(web->ready) << web->reason;
  EXPECT_THAT(web->labels, UnorderedElementsAre(Pair("tier", "backend"), Pair("ringway.io/port.http", "8080")));
  EXPECT_THAT(web->ports, ElementsAre(Pair("http", NamedPort{8080, false})));
  EXPECT_EQ(web->addresses, addresses("web"));
  EXPECT_EQ(watch.sink.reason("idle"), "created");
}

TEST_F(Docker, FollowsAContainerFromItsStartToItsRemoval) {
  Watch watch(engine_->socket());
  ASSERT_TRUE(watch.until_connected());
  const auto id = engine_->run({.name = "web"});
  ASSERT_TRUE(watch.until_ready("web"));
  EXPECT_EQ(watch.sink.find("web")->addresses, addresses("web"));

  engine_->rename("web", "shop");
  ASSERT_TRUE(watch.until_ready("shop"));

  watch.sink.take();
  engine_->kill("shop");
  ASSERT_TRUE(watch.until_reason("shop", "exited (137)"));
  EXPECT_EQ(watch.sink.log.front(), "upsert shop ready stopping (SIGKILL)");
  engine_->start_container("shop");
  ASSERT_TRUE(watch.until_ready("shop"));
  engine_->remove("shop");
  ASSERT_TRUE(watch.until([&] { return watch.sink.heard("remove " + id); }));
  EXPECT_EQ(watch.sink.size(), 0U);
}

TEST_F(Docker, BeginsToDrainWhenAStopBegins) {
  engine_->run({.name = "web",
                .options = {"--stop-signal", "SIGUSR1"},
                .command = {"sh", "-c", "trap '' TERM; trap 'sleep 1; exit 3' USR1; while true; do sleep 0.1; done"}});
  Watch watch(engine_->socket());
  ASSERT_TRUE(watch.until_ready("web"));
  watch.sink.take();

  engine_->kill("web", "HUP");
  watch.settle();
  EXPECT_THAT(watch.sink.log, testing::IsEmpty()) << "SIGHUP stops nothing";

  engine_->stop_container("web");
  ASSERT_TRUE(watch.until_reason("web", "exited (3)"));
  EXPECT_THAT(watch.sink.take(), ElementsAre("upsert web ready stopping (SIGUSR1)", "upsert web not: exited (3)"));
}

TEST_F(Docker, GoesOnDrainingAContainerThatIgnoresTheSignal) {
  engine_->run({.name = "web", .command = {"sh", "-c", "trap '' TERM; while true; do sleep 0.1; done"}});
  Watch watch(engine_->socket());
  ASSERT_TRUE(watch.until_ready("web"));
  engine_->kill("web", "TERM");
  ASSERT_TRUE(watch.until_reason("web", "stopping (SIGTERM)"));
  engine_->rename("web", "other");
  ASSERT_TRUE(watch.until([&] { return watch.sink.find("other") != nullptr; }));
  EXPECT_TRUE(watch.sink.find("other")->terminating);

  engine_->restart_container("other");
  ASSERT_TRUE(watch.until_ready("other"));
  EXPECT_TRUE(watch.sink.heard("upsert other not: exited (137)"));
  watch.settle();
  EXPECT_TRUE(watch.sink.ready("other"));
}

TEST_F(Docker, PausedIsNotReady) {
  engine_->run({.name = "web"});
  Watch watch(engine_->socket());
  ASSERT_TRUE(watch.until_ready("web"));
  engine_->pause("web");
  ASSERT_TRUE(watch.until_reason("web", "paused"));
  EXPECT_FALSE(watch.sink.find("web")->ready);
  engine_->unpause("web");
  ASSERT_TRUE(watch.until_ready("web"));
}

TEST_F(Docker, FollowsNetworks) {
  engine_->create_network("front", "10.77.0.0/24");
  engine_->run({.name = "web"});
  engine_->run({.name = "host", .options = {"--network", "host"}, .command = {"sleep", "1000"}});
  engine_->run({.name = "side", .options = {"--network", "container:web"}, .command = {"sleep", "1000"}});
  Watch watch(engine_->socket(), "front");
  ASSERT_TRUE(watch.until_reason("web", "no address in network front (has: bridge)"));
  EXPECT_EQ(watch.sink.find("host")->addresses.at(0).to_string(), "127.0.0.1");

  engine_->connect("front", "web");
  ASSERT_TRUE(watch.until_ready("web"));
  ASSERT_TRUE(watch.until_ready("side"));
  EXPECT_EQ(watch.sink.find("web")->addresses, addresses("web", "front"));
  EXPECT_EQ(watch.sink.find("side")->addresses, addresses("web", "front"));

  engine_->disconnect("front", "web");
  ASSERT_TRUE(watch.until_reason("web", "no address in network front (has: bridge)"));
}

TEST_F(Docker, FollowsAHealthCheck) {
  engine_->run(
      {.name = "web",
       .options = {"--health-cmd", "test -e /tmp/well", "--health-interval", "300ms", "--health-retries", "2"}});
  Watch watch(engine_->socket());
  ASSERT_TRUE(watch.until_connected());
  engine_->exec("web", {"touch", "/tmp/well"});
  ASSERT_TRUE(watch.until_ready("web"));
  engine_->exec("web", {"rm", "/tmp/well"});
  ASSERT_TRUE(watch.until_reason("web", "health check unhealthy"));
  engine_->exec("web", {"touch", "/tmp/well"});
  ASSERT_TRUE(watch.until_ready("web"));
}

TEST_F(Docker, AContainerWithAHealthCheckStartsAsNotReady) {
  Watch watch(engine_->socket());
  ASSERT_TRUE(watch.until_connected());
  engine_->run({.name = "web", .options = {"--health-cmd", "true", "--health-interval", "1s"}});
  ASSERT_TRUE(watch.until_ready("web"));
  EXPECT_TRUE(watch.sink.heard("upsert web not: health check starting"));
}

TEST_F(Docker, KeepsWhatItKnowsWhileTheEngineIsDown) {
  engine_->run({.name = "web", .options = {"--restart", "always"}});
  engine_->run({.name = "once"});
  Watch watch(engine_->socket());
  ASSERT_TRUE(watch.until_ready("web"));
  engine_->crash();
  ASSERT_TRUE(watch.until([&] { return !watch.sink.last_status.connected; }));
  watch.settle();
  EXPECT_TRUE(watch.sink.ready("web"));
  EXPECT_TRUE(watch.sink.ready("once"));
  EXPECT_TRUE(watch.sink.last_status.synced);

  watch.sink.take();
  engine_->start();
  engine_->run({.name = "new"});
  ASSERT_TRUE(watch.until_connected());
  EXPECT_THAT(watch.sink.log.front(), StartsWith("reset "));
  ASSERT_TRUE(watch.until_ready("new"));
  ASSERT_TRUE(watch.until_ready("web"));
  ASSERT_TRUE(watch.until([&] { return !watch.sink.ready("once"); }));
}

TEST_F(Docker, HearsOfAllEndsWhenTheEngineStops) {
  engine_->run({.name = "web", .options = {"--restart", "always"}});
  Watch watch(engine_->socket());
  ASSERT_TRUE(watch.until_ready("web"));
  engine_->stop();
  ASSERT_TRUE(watch.until([&] { return !watch.sink.last_status.connected; }));
  EXPECT_FALSE(watch.sink.ready("web"));
  engine_->start();
  ASSERT_TRUE(watch.until_connected());
  ASSERT_TRUE(watch.until_ready("web"));
}

TEST_F(Docker, ManyContainersAtOnceAreAllFound) {
  Watch watch(engine_->socket());
  ASSERT_TRUE(watch.until_connected());
  for (int i = 0; i < 8; ++i) {
    engine_->run({.name = "web-" + std::to_string(i)});
  }
  engine_->docker({"kill", "web-0", "web-1", "web-2", "web-3"});
  ASSERT_TRUE(watch.until([&] {
    for (int i = 0; i < 8; ++i) {
      const auto name = "web-" + std::to_string(i);
      if (i < 4 ? watch.sink.reason(name) != "exited (137)" : !watch.sink.ready(name)) {
        return false;
      }
    }
    return true;
  }));
  Watch second(engine_->socket());
  ASSERT_TRUE(second.until_connected());
  for (int i = 0; i < 8; ++i) {
    const auto name = "web-" + std::to_string(i);
    EXPECT_EQ(*second.sink.find(name), *watch.sink.find(name)) << "a list and the events come to the same";
  }
}

}  // namespace
}  // namespace ringway::discovery
