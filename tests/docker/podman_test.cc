#include <gmock/gmock.h>

#include "tests/docker/engine/box.h"
#include "tests/docker/engine/podman_engine.h"
#include "tests/docker/watch.h"

namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::StartsWith;

TEST(Podman, IsWatchedThroughItsDockerSocket) {
  RINGWAY_NEEDS_ENGINE("podman");
  test::PodmanEngine engine;
  engine.start();
  const auto id = engine.run({.name = "web", .labels = {{"tier", "backend"}, {"ringway.io/port.http", "8080"}}});
  Watch watch(engine.socket());
  ASSERT_TRUE(watch.until_connected());
  EXPECT_THAT(watch.sink.last_status.detail, StartsWith("Podman "));
  ASSERT_TRUE(watch.until_ready("web")) << watch.sink.reason("web");
  EXPECT_EQ(watch.sink.find("web")->id, id);
  EXPECT_THAT(watch.sink.find("web")->ports, ElementsAre(Pair("http", NamedPort{8080, false})));
  EXPECT_THAT(watch.sink.find("web")->addresses.at(0).to_string(), StartsWith("10.88."));

  engine.run({.name = "second"});
  ASSERT_TRUE(watch.until_ready("second"));
  engine.podman({"pause", "web"});
  ASSERT_TRUE(watch.until_reason("web", "paused"));
  engine.podman({"unpause", "web"});
  ASSERT_TRUE(watch.until_ready("web"));
  engine.podman({"rename", "second", "renamed"});
  ASSERT_TRUE(watch.until_ready("renamed"));
  engine.podman({"kill", "renamed"});
  ASSERT_TRUE(watch.until_reason("renamed", "exited (137)"));
  engine.podman({"restart", "-t", "1", "web"});
  ASSERT_TRUE(watch.until([&] { return watch.sink.heard("upsert web not: exited (0)"); }));
  ASSERT_TRUE(watch.until_ready("web"));
  engine.podman({"stop", "-t", "1", "web"});
  ASSERT_TRUE(watch.until([&] { return !watch.sink.ready("web"); }));
  engine.podman({"rm", "-f", "-t", "0", "web"});
  ASSERT_TRUE(watch.until([&] { return watch.sink.heard("remove " + id); }));
}

TEST(Podman, IsFoundAgainAfterItsServiceRestarts) {
  RINGWAY_NEEDS_ENGINE("podman");
  test::PodmanEngine engine;
  engine.start();
  engine.run({.name = "web"});
  Watch watch(engine.socket());
  ASSERT_TRUE(watch.until_ready("web"));
  engine.stop();
  ASSERT_TRUE(watch.until([&] { return !watch.sink.last_status.connected; }));
  EXPECT_TRUE(watch.sink.ready("web"));
  engine.run({.name = "meanwhile"});
  engine.start();
  ASSERT_TRUE(watch.until_ready("meanwhile"));
  EXPECT_TRUE(watch.sink.ready("web"));
}

}  // namespace
}  // namespace ringway::discovery
