#include <gmock/gmock.h>
#include <signal.h>

#include "tests/containerd/release_test.h"
#include "tests/containerd/watch.h"

/// The watcher alone beside a real containerd.
namespace ringway::discovery {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

class Containerd : public test::ReleaseTest {
 protected:
  [[nodiscard]] std::vector<proxy::IpAddress> addresses(const std::string& name) {
    std::vector<proxy::IpAddress> all;
    for (const auto& text : cri_->addresses(name)) {
      all.push_back(*proxy::IpAddress::parse(text));
    }
    return all;
  }
};

TEST_P(Containerd, lists_pods_with_labels_addresses_and_ports) {
  cri_->run_pod({.name = "web", .labels = {{"app", "web"}}, .annotations = {{"ringway.io/port.greet", "7000/tcp"}}});
  cri_->run_sandbox({.name = "empty"});
  cri_->run_pod({.name = "host", .host_network = true});
  Watch watch(engine_->socket());
  ASSERT_TRUE(watch.until_connected());
  EXPECT_THAT(watch.sink.log, ElementsAre("reset empty host web"));
  EXPECT_THAT(watch.sink.last_status.detail, StartsWith("containerd "));
  EXPECT_THAT(watch.sink.last_status.detail, HasSubstr("CRI v1"));
  ASSERT_TRUE(watch.until([&] {
    return (watch.sink.last_status.detail.find("polled for want of events") != std::string::npos) == !has_events();
  }));

  const auto* web = watch.sink.find("web");
  EXPECT_TRUE(web->ready) << web->reason;
  EXPECT_EQ(web->id, cri_->sandbox("web"));
  EXPECT_EQ(web->ns, "shop");
  EXPECT_THAT(web->labels, ElementsAre(Pair("app", "web")));
  EXPECT_THAT(web->ports, ElementsAre(Pair("greet", NamedPort{7000, false})));
  EXPECT_EQ(web->addresses.size(), 2U) << "one of each family";
  EXPECT_EQ(web->addresses, addresses("web"));
  EXPECT_EQ(watch.sink.reason("empty"), "no container runs");
  EXPECT_EQ(watch.sink.find("host")->addresses, std::vector{*proxy::IpAddress::parse("127.0.0.1")});
}

TEST_P(Containerd, follows_a_pod_from_its_start_to_its_removal) {
  // Where there are events, they alone must do.
  constexpr std::chrono::hours kNever(1);
  Watch watch(engine_->socket(), has_events() ? CriTimings{.poll = kNever, .relist = kNever} : CriTimings{});
  ASSERT_TRUE(watch.until_connected());
  const auto container = cri_->run_pod({.name = "web"});
  ASSERT_TRUE(watch.until_ready("web"));
  EXPECT_EQ(watch.sink.find("web")->addresses, addresses("web"));

  kill(engine_->pid_of(container), SIGKILL);
  ASSERT_TRUE(watch.until_reason("web", "container web exited (137)"));
  const auto next = cri_->run_container(cri_->sandbox("web"), "web", {}, 1);
  ASSERT_TRUE(watch.until_ready("web"));
  cri_->stop_container(next);
  ASSERT_TRUE(watch.until_reason("web", "container web exited (0)"));

  watch.sink.take();
  cri_->stop_pod("web");
  ASSERT_TRUE(watch.until_reason("web", "sandbox stopped"));
  EXPECT_TRUE(watch.sink.find("web")->terminating);
  EXPECT_TRUE(watch.sink.find("web")->addresses.empty());
  cri_->remove_pod("web");
  ASSERT_TRUE(watch.until([&] { return watch.sink.size() == 0; }));
  EXPECT_THAT(watch.sink.log, Contains("remove " + cri_->sandbox("web")));
}

TEST_P(Containerd, waits_for_all_containers_but_those_of_the_beginning) {
  const auto sandbox = cri_->run_sandbox({.name = "web"});
  const auto init = cri_->run_container(sandbox, "init", {"/bin/true"});
  ASSERT_TRUE(test::wait_until([&] { return cri_->finished_ns(init) > 0; }, std::chrono::seconds(10)));
  cri_->run_container(sandbox, "web");
  const auto log = cri_->run_container(sandbox, "log", {"/bin/sleep", "1000"});
  Watch watch(engine_->socket());
  ASSERT_TRUE(watch.until_ready("web")) << watch.sink.reason("web");
  kill(engine_->pid_of(log), SIGKILL);
  ASSERT_TRUE(watch.until_reason("web", "container log exited (137)"));
}

TEST_P(Containerd, keeps_what_it_knew_over_a_restart_and_reconciles) {
  const auto mortal = cri_->run_pod({.name = "mortal"});
  cri_->run_pod({.name = "stays"});
  Watch watch(engine_->socket());
  ASSERT_TRUE(watch.until_ready("mortal"));
  const auto addresses_before = addresses("stays");
  const auto process = engine_->pid_of(mortal);
  watch.sink.take();
  for (const bool orderly : {true, false}) {
    orderly ? engine_->stop() : engine_->crash();
    ASSERT_TRUE(watch.until_connected(false));
    EXPECT_TRUE(watch.sink.last_status.synced);
    EXPECT_THAT(watch.sink.log, testing::IsEmpty()) << "stale beats empty";
    if (!orderly) {
      kill(process, SIGKILL);
    }
    engine_->start();
    ASSERT_TRUE(watch.until_connected());
    EXPECT_THAT(watch.sink.take(), Contains("reset mortal stays"));
    EXPECT_TRUE(watch.sink.ready("stays"));
    EXPECT_EQ(watch.sink.find("stays")->addresses, addresses_before);
  }
  ASSERT_TRUE(watch.until([&] { return watch.sink.reason("mortal").starts_with("container web exited"); }));
  cri_->run_pod({.name = "late"});
  ASSERT_TRUE(watch.until_ready("late")) << "events or polling go on after the restart";
}

TEST_P(Containerd, finds_out_that_containerd_hangs) {
  cri_->run_pod({.name = "web"});
  using std::chrono::milliseconds;
  Watch watch(engine_->socket(), {.list = milliseconds(300), .poll = milliseconds(50), .relist = milliseconds(100)});
  ASSERT_TRUE(watch.until_ready("web"));
  engine_->freeze(true);
  EXPECT_TRUE(watch.until_connected(false));
  EXPECT_THAT(watch.sink.last_status.detail, HasSubstr("Deadline Exceeded"));
  EXPECT_TRUE(watch.sink.ready("web"));
  engine_->freeze(false);
  EXPECT_TRUE(watch.until_connected());
}

TEST_P(Containerd, can_be_let_go_at_any_moment) {
  cri_->run_pod({.name = "web"});
  for (int turn = 0; turn < 60; ++turn) {
    boost::asio::io_context context;
    RecordingSink sink("containerd");
    auto watcher = make_containerd_watcher(context.get_executor(), {.socket = engine_->socket()}, sink);
    watcher->start();
    context.run_for(std::chrono::microseconds(turn * 150));
    if (turn % 2 == 0) {
      watcher->stop();
      sink.take();
      context.run_for(std::chrono::milliseconds(2));
      EXPECT_TRUE(sink.log.empty()) << "no news after stop";
    }
    watcher.reset();
  }
}

INSTANTIATE_TEST_SUITE_P(Release, Containerd,
                         testing::Values(test::Release::kWithoutEvents, test::Release::kWithEvents),
                         test::release_name);

TEST(ContainerdAbsent, says_where_nobody_listens_and_tries_again) {
  Watch watch("unix:///run/no-such/containerd.sock");
  ASSERT_TRUE(watch.until([&] { return watch.sink.statuses.size() >= 3; }));
  EXPECT_FALSE(watch.sink.last_status.connected);
  EXPECT_FALSE(watch.sink.last_status.synced);
  EXPECT_THAT(watch.sink.last_status.detail, HasSubstr("/run/no-such/containerd.sock"));
}

}  // namespace
}  // namespace ringway::discovery
