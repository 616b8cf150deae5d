#include "discovery/source/docker_table.h"

#include <gmock/gmock.h>

#include <csignal>

#include "tests/source/recording_sink.h"

namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kStarted = 1'000;
constexpr std::int64_t kLater = 2'000;

DockerContainer running(const std::string& id, std::int64_t started = kStarted) {
  DockerContainer container;
  container.id = id;
  container.name = id;
  container.status = "running";
  container.running = true;
  container.started_ns = started;
  container.networks = {{"bridge", {proxy::IpAddress::v4(0x0A000001)}}};
  return container;
}

DockerContainer exited(const std::string& id) {
  auto container = running(id);
  container.status = "exited";
  container.running = false;
  container.exit_code = "137";
  container.networks = {{"bridge", {}}};
  return container;
}

DockerEvent event(DockerAction action, const std::string& id, std::int64_t time_ns = kLater) {
  return {.action = action, .id = id, .time_ns = time_ns, .signal = 0, .exit_code = "137"};
}

DockerEvent kill(const std::string& id, int signal = SIGTERM, std::int64_t time_ns = kLater) {
  return {.action = DockerAction::kSignal, .id = id, .time_ns = time_ns, .signal = signal, .exit_code = ""};
}

class DockerTableTest : public testing::Test {
 protected:
  /// A list of these, each inspected as running.
  void connect(const std::vector<std::string>& ids) {
    table_.begin();
    table_.listed(ids, now_);
    while (auto id = table_.next_inspect()) {
      table_.inspected(*id, running(*id));
    }
    sink_.take();
  }
  void apply(const DockerEvent& event) { table_.apply(event, now_); }
  /// Makes the next inspect, which must be of `container`.
  void answer(DockerContainer container) {
    const auto id = table_.next_inspect();
    ASSERT_EQ(id, container.id);
    table_.inspected(*id, std::move(container));
  }

  RecordingSink sink_;
  DockerTable table_{"", sink_};
  proxy::Time now_;
};

TEST_F(DockerTableTest, TellsAListAsOneResetOnceAllIsInspected) {
  table_.begin();
  EXPECT_FALSE(table_.wants_inspect());
  table_.listed({"a", "b", "c"}, now_);
  answer(running("a"));
  const auto b = table_.next_inspect();
  const auto c = table_.next_inspect();
  table_.missing(*c);
  EXPECT_THAT(sink_.log, IsEmpty());
  EXPECT_FALSE(table_.live());
  table_.inspected(*b, running("b"));
  EXPECT_THAT(sink_.take(), ElementsAre("reset a b"));
  EXPECT_TRUE(table_.live());
}

TEST_F(DockerTableTest, TellsAnEmptyListAtOnce) {
  table_.begin();
  table_.listed({}, now_);
  EXPECT_THAT(sink_.take(), ElementsAre("reset"));
}

TEST_F(DockerTableTest, TellsAStopSignalWithoutAnInspect) {
  connect({"a"});
  apply(kill("a"));
  EXPECT_THAT(sink_.take(), ElementsAre("upsert a ready stopping (SIGTERM)"));
  answer(running("a"));
  EXPECT_THAT(sink_.take(), IsEmpty()) << "it survives so far, and goes on draining";
}

TEST_F(DockerTableTest, OtherSignalsMeanNothing) {
  connect({"a"});
  apply(kill("a", SIGHUP));
  apply(kill("a", SIGUSR1));
  apply(kill("a", 0));
  answer(running("a"));
  EXPECT_THAT(sink_.take(), IsEmpty());
}

TEST_F(DockerTableTest, ItsOwnStopSignalStopsAContainer) {
  connect({"a"});
  auto container = running("a");
  container.stop_signal = SIGUSR1;
  apply(event(DockerAction::kChanged, "a"));
  answer(container);
  apply(kill("a", SIGUSR1));
  EXPECT_THAT(sink_.take(), ElementsAre("upsert a ready stopping (SIGUSR1)"));
}

TEST_F(DockerTableTest, DrainsUntilItDiesAndIsClearedByAStart) {
  connect({"a"});
  apply(kill("a"));
  apply(kill("a", SIGHUP));
  answer(running("a"));
  apply(event(DockerAction::kDied, "a", kLater + 1));
  EXPECT_THAT(sink_.take(), ElementsAre("upsert a ready stopping (SIGTERM)", "upsert a not: exited (137)"));
  answer(exited("a"));
  EXPECT_THAT(sink_.take(), IsEmpty());
  apply(event(DockerAction::kStarted, "a", kLater + 2));
  answer(running("a", kLater + 2));
  EXPECT_THAT(sink_.take(), ElementsAre("upsert a ready"));
}

TEST_F(DockerTableTest, AnAnswerAskedForBeforeADeathDoesNotResurrect) {
  connect({"a"});
  apply(event(DockerAction::kChanged, "a"));
  const auto asked = table_.next_inspect();
  apply(event(DockerAction::kDied, "a"));
  EXPECT_THAT(sink_.take(), ElementsAre("upsert a not: exited (137)"));
  table_.inspected(*asked, running("a"));
  EXPECT_THAT(sink_.take(), IsEmpty());
  answer(exited("a"));
  EXPECT_FALSE(table_.wants_inspect());
}

TEST_F(DockerTableTest, AnAnswerAskedForBeforeARemovalIsOfNoUse) {
  connect({"a"});
  apply(event(DockerAction::kChanged, "a"));
  const auto asked = table_.next_inspect();
  apply(event(DockerAction::kRemoved, "a"));
  table_.inspected(*asked, running("a"));
  EXPECT_THAT(sink_.take(), ElementsAre("remove a"));
  EXPECT_EQ(table_.size(), 0U);
}

TEST_F(DockerTableTest, EventsOfAnEarlierRunCauseNothing) {
  table_.begin();
  apply(kill("a", SIGTERM, kStarted - 10));
  apply(event(DockerAction::kDied, "a", kStarted - 9));
  table_.listed({"a"}, now_);
  answer(running("a"));
  EXPECT_THAT(sink_.take(), ElementsAre("reset a"));
  EXPECT_TRUE(sink_.ready("a"));

  apply(kill("a", SIGTERM, kStarted - 10));
  apply(event(DockerAction::kDied, "a", kStarted - 9));
  answer(running("a"));
  EXPECT_THAT(sink_.take(), IsEmpty());
}

TEST_F(DockerTableTest, AStopThatBeganBeforeTheListIsNotLost) {
  table_.begin();
  apply(kill("a"));
  table_.listed({"a"}, now_);
  answer(running("a"));
  EXPECT_THAT(sink_.take(), ElementsAre("reset a"));
  EXPECT_TRUE(sink_.find("a")->terminating);
}

TEST_F(DockerTableTest, SeveralEventsCauseOneInspect) {
  connect({"a", "b"});
  for (int i = 0; i < 100; ++i) {
    apply(event(DockerAction::kChanged, "a"));
  }
  answer(running("a"));
  EXPECT_FALSE(table_.wants_inspect());
  EXPECT_THAT(sink_.take(), IsEmpty()) << "nothing differs";
}

TEST_F(DockerTableTest, AnUnknownContainerIsAskedForAndForgottenWhenMissing) {
  connect({});
  apply(event(DockerAction::kChanged, "new"));
  apply(event(DockerAction::kChanged, "gone"));
  answer(running("new"));
  table_.missing(*table_.next_inspect());
  EXPECT_THAT(sink_.take(), ElementsAre("upsert new ready"));
  EXPECT_EQ(table_.size(), 1U);
}

TEST_F(DockerTableTest, AfterABreakKeepsWhatItKnewUntilTheNewListIsComplete) {
  connect({"a", "b", "c"});
  table_.begin();
  EXPECT_FALSE(table_.live());
  apply(event(DockerAction::kRemoved, "b"));
  table_.listed({"a", "d"}, now_);
  std::vector<std::string> asked;
  while (auto id = table_.next_inspect()) {
    asked.push_back(*id);
    EXPECT_THAT(sink_.log, IsEmpty());
    *id == "c" ? table_.missing(*id) : table_.inspected(*id, running(*id));
  }
  EXPECT_THAT(asked, testing::UnorderedElementsAre("a", "c", "d"));
  EXPECT_THAT(sink_.take(), ElementsAre("reset a d"));
}

TEST_F(DockerTableTest, AFailedInspectHoldsUpNothingAndKeepsWhatIsKnown) {
  connect({"a"});
  table_.begin();
  table_.listed({"a", "b"}, now_);
  table_.failed(*table_.next_inspect());
  table_.failed(*table_.next_inspect());
  EXPECT_THAT(sink_.take(), ElementsAre("reset a"));
  table_.again("b");
  answer(running("b"));
  EXPECT_THAT(sink_.take(), ElementsAre("upsert b ready"));
  table_.again("never heard of");
  EXPECT_FALSE(table_.wants_inspect());
}

TEST_F(DockerTableTest, ContainersInAnothersNetworkFollowIt) {
  connect({"a"});
  auto child = running("child");
  child.networks.clear();
  child.network_parent = "a";
  apply(event(DockerAction::kStarted, "child"));
  answer(child);
  EXPECT_THAT(sink_.take(), ElementsAre("upsert child ready"));
  apply(event(DockerAction::kDied, "a"));
  EXPECT_THAT(sink_.take(), ElementsAre("upsert a not: exited (137)", "upsert child not: no address in any network"));
  apply(event(DockerAction::kRemoved, "child"));
  apply(event(DockerAction::kRemoved, "a"));
  EXPECT_THAT(sink_.take(), ElementsAre("remove child", "remove a"));
}

}  // namespace
}  // namespace ringway::discovery
