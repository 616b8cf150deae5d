#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>

#include "discovery/source/docker.h"
#include "tests/source/fake_engine.h"
#include "tests/source/recording_sink.h"

namespace ringway::discovery {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kDeadline = 20s;

class DockerWatcherTest : public testing::Test {
 protected:
  DockerWatcherTest() {
    timings_.first_backoff = 1ms;
    timings_.last_backoff = 20ms;
    timings_.inspect_backoff = 5ms;
  }

  void watch() {
    watcher_ =
        make_docker_watcher(context_.get_executor(), {.socket = engine_.socket(), .network = ""}, sink_, timings_);
    watcher_->start();
  }
  void watch_until_live() {
    engine_.start();
    watch();
    ASSERT_TRUE(until([this] { return sink_.last_status.connected && engine_.streams() == 1; }));
    sink_.take();
  }

  /// Runs everything until `holds`; false when it does not within the deadline.
  bool until(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) {
        return false;
      }
      context_.run_one_for(100ms);
    }
    return true;
  }
  bool until_broken(const std::string& detail) {
    const auto is_it = [&](const SourceStatus& status) {
      return !status.connected && status.detail.find(detail) != std::string::npos;
    };
    const bool broken = until([&] { return std::ranges::any_of(sink_.statuses, is_it); });
    EXPECT_TRUE(broken) << "the last was: " << sink_.last_status.detail;
    sink_.statuses.clear();
    return broken;
  }
  bool until_connected() {
    return until([this] { return sink_.last_status.connected; });
  }

  boost::asio::io_context context_;
  DockerTimings timings_;
  RecordingSink sink_;
  FakeEngine engine_{context_};
  std::unique_ptr<Watcher> watcher_;
};

TEST_F(DockerWatcherTest, ListsInspectsAndSaysWhoAnswers) {
  engine_.put("a");
  engine_.put("b", R"("Status":"paused","Running":true,"Paused":true)");
  engine_.start();
  watch();
  ASSERT_TRUE(until_connected());
  EXPECT_EQ(watcher_->name(), "docker");
  EXPECT_THAT(sink_.log, ElementsAre("reset a b"));
  EXPECT_TRUE(sink_.ready("a"));
  EXPECT_EQ(sink_.reason("b"), "paused");
  EXPECT_TRUE(sink_.last_status.synced);
  EXPECT_EQ(sink_.last_status.detail, "Docker 20.10.24, API 1.41");
}

TEST_F(DockerWatcherTest, FollowsEventsByInspecting) {
  engine_.put("a");
  watch_until_live();
  engine_.put("b");
  engine_.event("start", "b");
  ASSERT_TRUE(until([this] { return sink_.ready("b"); }));
  engine_.put("b", R"("Status":"paused","Running":true,"Paused":true)");
  engine_.event("pause", "b");
  ASSERT_TRUE(until([this] { return sink_.reason("b") == "paused"; }));
  engine_.drop("b");
  engine_.event("destroy", "b");
  ASSERT_TRUE(until([this] { return sink_.size() == 1; }));
}

TEST_F(DockerWatcherTest, TellsKillAndDeathWhileTheEngineAnswersNothing) {
  engine_.put("a");
  watch_until_live();
  engine_.hold("/v1.41/containers/");
  engine_.event("kill", "a", R"("signal":"15")");
  ASSERT_TRUE(until([this] { return !sink_.log.empty(); }));
  engine_.event("die", "a", R"("exitCode":"137")");
  ASSERT_TRUE(until([this] { return sink_.log.size() == 2; }));
  EXPECT_THAT(sink_.take(), ElementsAre("upsert a ready stopping (SIGTERM)", "upsert a not: exited (137)"));
}

TEST_F(DockerWatcherTest, AnIdleConnectionThatTheEngineClosedIsNoBreak) {
  for (int i = 0; i < 40; ++i) {
    engine_.put("c" + std::to_string(i));
  }
  watch_until_live();
  ASSERT_EQ(engine_.connections(), 6U) << "each worker has one";
  const auto statuses = sink_.statuses.size();
  engine_.cut_idle();
  ASSERT_TRUE(until([this] { return engine_.connections() == 1; }));
  engine_.put("b");
  engine_.event("start", "b");
  ASSERT_TRUE(until([this] { return sink_.ready("b"); }));
  EXPECT_THAT(sink_.take(), ElementsAre("upsert b ready"));
  EXPECT_EQ(sink_.statuses.size(), statuses);
}

TEST_F(DockerWatcherTest, AnEventBetweenListAndStreamIsNotLost) {
  engine_.put("a");
  engine_.hold("/v1.41/events");
  engine_.start();
  watch();
  ASSERT_TRUE(until_connected());
  engine_.event("kill", "a", R"("signal":"15")");
  engine_.release("/v1.41/events");
  ASSERT_TRUE(until([this] { return sink_.find("a")->terminating; }));
  EXPECT_EQ(engine_.asked("/v1.41/events?since="), 1U);
}

TEST_F(DockerWatcherTest, EventsThatAreAlreadyKnownCauseNothing) {
  engine_.put("a");
  engine_.event("start", "a");
  engine_.event("rename", "a");
  watch_until_live();
  engine_.put("b");
  engine_.event("start", "b");
  ASSERT_TRUE(until([this] { return sink_.ready("b"); }));
  EXPECT_THAT(sink_.take(), ElementsAre("upsert b ready"));
}

TEST_F(DockerWatcherTest, ReadsEventsThatAreSplitAndJoinedAnyHow) {
  engine_.put("a");
  watch_until_live();
  engine_.put("b");
  engine_.put("c");
  const std::string first = R"({"Type":"container","Action":"start","Actor":{"ID":"b"}})"
                            "\n";
  const std::string second = R"({"Type":"container","Action":"start","Actor":{"ID":"c"}})"
                             "\r\n";
  for (const char byte : first) {
    engine_.send(std::string(1, byte));
  }
  ASSERT_TRUE(until([this] { return sink_.ready("b"); }));
  engine_.send(first + "\n" + second);
  ASSERT_TRUE(until([this] { return sink_.ready("c"); }));
  EXPECT_TRUE(sink_.last_status.connected);
}

TEST_F(DockerWatcherTest, WaitsForAnEngineThatIsNotThereYet) {
  watch();
  ASSERT_TRUE(until_broken("No such file or directory"));
  EXPECT_FALSE(sink_.last_status.synced);
  EXPECT_THAT(sink_.log, IsEmpty());
  engine_.put("a");
  engine_.start();
  ASSERT_TRUE(until_connected());
  EXPECT_TRUE(sink_.ready("a"));
}

TEST_F(DockerWatcherTest, KeepsWhatItKnowsWhileTheEngineRestarts) {
  engine_.put("a");
  engine_.put("b");
  watch_until_live();
  engine_.stop();
  ASSERT_TRUE(until_broken("the engine closed the connection"));
  EXPECT_TRUE(sink_.last_status.synced);
  ASSERT_TRUE(until_broken("No such file or directory"));
  EXPECT_THAT(sink_.log, IsEmpty());
  EXPECT_TRUE(sink_.ready("a"));

  engine_.drop("b");
  engine_.put("c");
  engine_.start();
  ASSERT_TRUE(until_connected());
  EXPECT_THAT(sink_.take(), ElementsAre("reset a c"));
}

TEST_F(DockerWatcherTest, ConnectsAgainWhenTheStreamIsCut) {
  engine_.put("a");
  watch_until_live();
  for (int i = 0; i < 3; ++i) {
    engine_.cut_streams();
    ASSERT_TRUE(until_broken("the engine closed the connection"));
    ASSERT_TRUE(until([this] { return sink_.last_status.connected && engine_.streams() == 1; }));
  }
  EXPECT_THAT(sink_.take(), ElementsAre("reset a", "reset a", "reset a"));
}

TEST_F(DockerWatcherTest, FindsAnEngineThatHangs) {
  timings_.ping_interval = 5ms;
  timings_.ping = 200ms;
  engine_.put("a");
  watch_until_live();
  ASSERT_TRUE(until([this] { return engine_.asked("/_ping") > 2; }));
  EXPECT_TRUE(sink_.last_status.connected);
  engine_.hold("/_ping");
  ASSERT_TRUE(until_broken("GET /_ping: no answer in time"));
  EXPECT_TRUE(sink_.ready("a"));
}

TEST_F(DockerWatcherTest, SaysWhatIsWrongWithAnEngineAndRecovers) {
  timings_.request = 200ms;
  engine_.put("a");
  engine_.start();
  struct Fault {
    std::string target;
    std::string bytes;
    std::string detail;
  };
  const std::vector<Fault> faults = {
      {"/version", http_answer(500, R"({"message":"boom"})"), "GET /version: 500: boom"},
      {"/version", http_answer(200, "<html>"), "names no ApiVersion"},
      {"/version", http_answer(200, R"({"ApiVersion":"1.12","Version":"1.0"})"), "wanted 1.24 to 1.51"},
      {"/version", "SSH-2.0-OpenSSH_9\r\n", "GET /version"},
      {"/version", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "larger than allowed"},
      {"/version", "", "GET /version: no answer in time"},
      {"/version", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Api", "the engine closed the connection"},
      {"/version", "HTTP/1.1 200 OK\r\n" + std::string(100'000, 'x'), "GET /version"},
      {"/v1.41/containers/json", http_answer(500, "nope"), "listing containers: 500: nope"},
      {"/v1.41/containers/json", http_answer(200, "[{\"Id\":"), "listing containers: the answer is no JSON list"},
      {"/v1.41/containers/json", "", "no answer in time"},
      {"/v1.41/events", http_answer(500, R"({"message":"no events"})"), "reading events: 500: no events"},
      {"/v1.41/events", http_answer(200, "garbage\n"), "an event is no JSON object: garbage"},
      {"/v1.41/events", http_answer(200, ""), "reading events: the engine ended the stream"},
  };
  for (const auto& fault : faults) {
    engine_.answer(fault.target, fault.bytes);
    if (!watcher_) {
      watch();
    }
    engine_.cut_streams();
    ASSERT_TRUE(until_broken(fault.detail)) << fault.bytes.substr(0, 100);
    engine_.answer(fault.target, std::nullopt);
    ASSERT_TRUE(until([this] { return sink_.last_status.connected && engine_.streams() == 1; })) << fault.detail;
    EXPECT_TRUE(sink_.ready("a")) << fault.detail;
  }
}

TEST_F(DockerWatcherTest, HalfALineAndAnEndlessLineBreakTheStreamOnly) {
  engine_.put("a");
  watch_until_live();
  engine_.send(R"({"Type":"contai)");
  engine_.cut_streams();
  ASSERT_TRUE(until_broken("the engine closed the connection"));
  ASSERT_TRUE(until([this] { return sink_.last_status.connected && engine_.streams() == 1; }));
  const std::string junk(16 * 1024, 'x');
  const bool broken = until([&] {
    if (engine_.streams() == 1 && engine_.can_send()) {
      engine_.send(junk);
    }
    return !sink_.last_status.connected;
  });
  EXPECT_TRUE(broken);
  EXPECT_TRUE(until_broken("a line of more than 1 MiB"));
  EXPECT_TRUE(sink_.ready("a"));
}

TEST_F(DockerWatcherTest, OneContainerThatCannotBeInspectedHoldsUpNoOther) {
  for (const auto& fault : {http_answer(500, R"({"message":"broken"})"), http_answer(200, "{}"),
                            std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")}) {
    sink_ = RecordingSink();
    engine_.put("a");
    engine_.put("b");
    engine_.answer("/v1.41/containers/b/", fault);
    engine_.start();
    watch();
    ASSERT_TRUE(until_connected());
    EXPECT_THAT(sink_.take(), ElementsAre("reset a"));
    EXPECT_THAT(sink_.last_status.detail, HasSubstr("Docker 20.10.24, API 1.41; "));
    engine_.answer("/v1.41/containers/b/", std::nullopt);
    ASSERT_TRUE(until([this] { return sink_.ready("b"); }));
    EXPECT_EQ(sink_.last_status.detail, "Docker 20.10.24, API 1.41");
    watcher_.reset();
    engine_.stop();
  }
}

TEST_F(DockerWatcherTest, AskingManyContainersUsesFewConnections) {
  for (int i = 0; i < 300; ++i) {
    engine_.put("c" + std::to_string(i));
  }
  engine_.start();
  watch();
  std::size_t most = 0;
  ASSERT_TRUE(until([&] {
    most = std::max(most, engine_.connections());
    return sink_.last_status.connected;
  }));
  EXPECT_EQ(sink_.size(), 300U);
  EXPECT_LE(most, 6U) << "four for inspects, one for events, one for the rest";
  EXPECT_EQ(engine_.asked("/json"), 301U);
}

TEST_F(DockerWatcherTest, AfterStopSaysNothingAndEndsAll) {
  engine_.put("a");
  watch_until_live();
  engine_.hold("/v1.41/containers/");
  engine_.event("rename", "a");
  ASSERT_TRUE(until([this] { return engine_.asked("/containers/a/json") == 2; }));
  engine_.event("die", "a", R"("exitCode":"1")");
  const auto statuses = sink_.statuses.size();
  watcher_->stop();
  engine_.release("/v1.41/containers/");
  ASSERT_TRUE(until([this] { return engine_.connections() == 0; }));
  engine_.stop();
  context_.run_for(kDeadline);
  EXPECT_TRUE(context_.stopped()) << "a coroutine is left";
  EXPECT_THAT(sink_.take(), IsEmpty());
  EXPECT_EQ(sink_.statuses.size(), statuses);
}

TEST_F(DockerWatcherTest, SaysNothingAfterStopWhereverItStood) {
  engine_.put("a");
  engine_.start();
  for (int steps = 0; steps < 60; ++steps) {
    watch();
    if (steps >= 20) {
      ASSERT_TRUE(until([this] { return sink_.last_status.connected && engine_.streams() == 1; }));
      engine_.event(steps % 2 == 0 ? "die" : "rename", "a");
    }
    for (int step = 0; step < steps % 20; ++step) {
      context_.poll_one();
    }
    watcher_->stop();
    const auto said = sink_.log.size() + sink_.statuses.size();
    ASSERT_TRUE(until([this] { return engine_.connections() == 0; }));
    EXPECT_EQ(sink_.log.size() + sink_.statuses.size(), said) << "stopped after " << steps;
    sink_.last_status = SourceStatus();
  }
}

TEST_F(DockerWatcherTest, StopsWhileItWaitsToReconnect) {
  timings_.first_backoff = 1h;
  watch();
  ASSERT_TRUE(until_broken("No such file"));
  watcher_.reset();
  context_.run_for(kDeadline);
  EXPECT_TRUE(context_.stopped());
}

TEST_F(DockerWatcherTest, StopsBeforeItHasBegun) {
  watch();
  watcher_.reset();
  context_.run_for(kDeadline);
  EXPECT_TRUE(context_.stopped());
  EXPECT_THAT(sink_.statuses, IsEmpty());
}

TEST_F(DockerWatcherTest, ASocketPathThatIsTooLongIsSaid) {
  watcher_ = make_docker_watcher(context_.get_executor(), {.socket = "unix:/" + std::string(200, 'x'), .network = ""},
                                 sink_, timings_);
  watcher_->start();
  EXPECT_TRUE(until_broken("at most 107 bytes"));
}

}  // namespace
}  // namespace ringway::discovery
