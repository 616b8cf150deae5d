#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/containerd/release_test.h"
#include "tests/harness/daemon.h"
#include "tests/harness/load.h"
#include "tests/harness/places.h"
#include "tests/harness/tcp_client.h"

/// The real daemon and a real containerd, with connections all the while.
namespace ringway::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ContainerdDaemon : public ReleaseTest {
 protected:
  std::string run(const std::string& name) {
    return cri_->run_pod(
        {.name = name, .labels = {{"app", "web"}}, .annotations = {{"ringway.io/port.greet", "7000"}}});
  }

  void start_daemon() {
    daemon_ = std::make_unique<Daemon>(DaemonOptions{
        .config = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec:\n  clusterIP: " +
                  vip_.ip().to_string() + "\n  selector: {app: web}\n  ports: [{name: greet, port: " +
                  std::to_string(vip_.port()) + ", targetPort: greet}]\n",
        .spec_lines = {"discovery: {containerd: {socket: \"" + engine_->socket() + "\"}}"}});
  }

  [[nodiscard]] json endpoints() const { return json::parse(daemon_->get("/api/v1/endpoints").body)["items"]; }
  [[nodiscard]] std::size_t usable() const {
    const json list = endpoints();
    return static_cast<std::size_t>(
        std::ranges::count_if(list, [](const json& each) { return each["usable"].get<bool>(); }));
  }
  /// Connects that were tried to a workload, whatever came of them; 0 once it is forgotten.
  [[nodiscard]] std::int64_t attempts(const std::string& workload) const {
    std::int64_t sum = 0;
    const json list = endpoints();
    for (const auto& each : list) {
      if (each["workload"].get<std::string>().ends_with(workload)) {
        const json& counters = each["counters"];
        sum += counters.value("connections", 0);
        const json failures = counters.value("connectFailures", json::object());
        for (const auto& [reason, count] : failures.items()) {
          sum += count.get<std::int64_t>();
        }
      }
    }
    return sum;
  }

  [[nodiscard]] bool usable(const std::string& workload) const {
    const json list = endpoints();
    return std::ranges::any_of(list, [&](const json& each) {
      return each["usable"].get<bool>() && each["workload"].get<std::string>().ends_with(workload);
    });
  }

  /// No connect to `workload` begins later than 100 ms after the daemon has heard of its container's end. When that is,
  /// is containerd's: it clears the task away first, and a second listener here would take events from the daemon.
  void expect_no_connects_once_heard(const std::string& workload, const std::string& container) {
    ASSERT_TRUE(wait_until([&] { return !usable(workload); }));
    const auto heard = std::chrono::system_clock::now().time_since_epoch();
    std::this_thread::sleep_for(scaled(milliseconds(100)));
    const std::int64_t before = attempts(workload);
    const std::uint64_t others = load_->report().finished;
    ASSERT_TRUE(wait_until([&] { return load_->report().finished > others + 40; })) << "connections go on elsewhere";
    EXPECT_LE(attempts(workload), before) << "after the end of " << workload;
    const auto end = std::chrono::nanoseconds(cri_->finished_ns(container));
    std::printf("heard of the end of %s after %lld ms\n", workload.c_str(),
                static_cast<long long>(std::chrono::duration_cast<milliseconds>(heard - end).count()));
  }

  SocketAddress vip_ = next_vip();
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<Load> load_;
};

TEST_P(ContainerdDaemon, pods_come_and_go_behind_a_service) {
  const auto killed = run("killed");
  const auto stopped = run("stopped");
  run("stays");
  start_daemon();
  ASSERT_TRUE(wait_until([&] { return usable() == 3; }));
  const auto table = daemon_->cli({"get", "workloads", "-A"});
  EXPECT_EQ(table.status, 0);
  for (const auto* word : {"killed", "stopped", "stays", "containerd", "shop"}) {
    EXPECT_THAT(table.out, HasSubstr(word));
  }
  EXPECT_THAT(daemon_->cli({"version"}).out, HasSubstr("source:containerd"));

  load_ = std::make_unique<Load>(LoadOptions{.to = vip_, .long_lived = 16, .short_lived = 8, .pace = {}});
  ASSERT_TRUE(wait_until([&] { return load_->established() >= 16; }));
  kill(engine_->pid_of(killed), SIGKILL);
  expect_no_connects_once_heard("killed", killed);
  cri_->stop_container(stopped);
  expect_no_connects_once_heard("stopped", stopped);
  ASSERT_TRUE(wait_until([&] { return usable() == 1; }));

  run("added");
  ASSERT_TRUE(wait_until([&] { return load_->report().connections.contains("added"); }));
  cri_->run_container(cri_->sandbox("killed"), "web", {}, 1);
  ASSERT_TRUE(wait_until([&] { return usable() == 3; }));
  const LoadReport report = load_->stop();
  for (const auto& [kind, count] : report.failures) {
    EXPECT_FALSE(kind.ends_with("@stays") || kind.ends_with("@added")) << count << " × " << kind;
  }
}

TEST_P(ContainerdDaemon, a_containerd_that_restarts_leaves_connections_alone) {
  run("one");
  start_daemon();
  ASSERT_TRUE(wait_until([&] { return usable() == 1; }));
  load_ = std::make_unique<Load>(LoadOptions{.to = vip_, .long_lived = 8, .short_lived = 2, .pace = {}});
  ASSERT_TRUE(wait_until([&] { return load_->established() >= 8; }));
  const std::map<std::string, std::string> provider = {{"provider", "containerd"}};
  engine_->crash();
  ASSERT_TRUE(wait_until([&] { return daemon_->metric("ringway_discovery_synced", provider) == 0; }));
  EXPECT_EQ(usable(), 1) << "what was known stays";
  engine_->start();
  ASSERT_TRUE(wait_until([&] { return daemon_->metric("ringway_discovery_synced", provider) == 1; }));
  const std::uint64_t rounds = load_->report().rounds;
  EXPECT_TRUE(wait_until([&] { return load_->report().rounds > rounds + 16; }));
  const LoadReport report = load_->stop();
  EXPECT_THAT(report.failures, IsEmpty()) << report.failures_text();
}

TEST_P(ContainerdDaemon, the_last_pod_gone_means_refused_and_another_means_served) {
  run("one");
  start_daemon();
  ASSERT_TRUE(wait_until([&] { return usable() == 1; }));
  EXPECT_EQ(TcpClient(vip_).receive(4), "one\n");
  cri_->stop_pod("one");
  cri_->remove_pod("one");
  ASSERT_TRUE(wait_until([&] { return endpoints().empty(); }));
  EXPECT_EQ(TcpClient(vip_).error(), ECONNREFUSED);
  run("two");
  EXPECT_TRUE(wait_until([&] { return TcpClient(vip_).receive(4) == "two\n"; }));
}

INSTANTIATE_TEST_SUITE_P(Release, ContainerdDaemon, testing::Values(Release::kWithoutEvents, Release::kWithEvents),
                         release_name);

}  // namespace
}  // namespace ringway::test
