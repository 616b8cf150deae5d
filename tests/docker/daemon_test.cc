#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "tests/docker/engine/box.h"
#include "tests/docker/engine/docker_engine.h"
#include "tests/harness/daemon.h"
#include "tests/harness/load.h"
#include "tests/harness/places.h"
#include "tests/harness/tcp_client.h"

/// The real daemon and a real engine, with 64 connections all the while.
namespace ringway::test {
namespace {

using nlohmann::json;
using ::testing::IsEmpty;

class DockerDaemonTest : public testing::Test {
 protected:
  void SetUp() override {
    RINGWAY_NEEDS_ENGINE("dockerd");
    engine_.start();
  }

  void run(const std::string& name, const std::string& app = "web") {
    engine_.run({.name = name,
                 .labels = {{"app", app}, {"ringway.io/port.greet", "7000"}},
                 .options = {"--volume", std::string(RINGWAY_GREETER) + ":/greeter:ro"},
                 .command = {"/greeter", name, "7000"}});
  }

  [[nodiscard]] std::string service(const std::string& policy = "{}") const {
    return "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  clusterIP: " + vip_.ip().to_string() +
           "\n  selector: {app: web}\n  ports: [{name: greet, port: " + std::to_string(vip_.port()) +
           ", targetPort: greet}]\npolicy: " + policy + "\n";
  }

  void start_daemon() {
    daemon_ = std::make_unique<Daemon>(
        DaemonOptions{.config = service(),
                      .spec_lines = {"discovery: {docker: {socket: \"" + engine_.socket() + "\"}}",
                                     "log: {format: json, accessLog: on}"}});
  }

  [[nodiscard]] json endpoint(const std::string& workload) const {
    const json list = json::parse(daemon_->get("/api/v1/endpoints").body);
    for (const auto& each : list["items"]) {
      if (each["workload"].get<std::string>().ends_with(workload)) {
        return each;
      }
    }
    return nullptr;
  }
  [[nodiscard]] std::size_t usable() const {
    const json list = json::parse(daemon_->get("/api/v1/endpoints").body)["items"];
    return static_cast<std::size_t>(
        std::ranges::count_if(list, [](const json& each) { return each["usable"].get<bool>(); }));
  }
  /// Connects that were tried to a workload, whatever came of them; 0 once it is forgotten.
  [[nodiscard]] std::int64_t attempts(const std::string& workload) const {
    const json found = endpoint(workload);
    const json counters = found.is_null() ? json::object() : found["counters"];
    std::int64_t sum = counters.value("connections", 0);
    const json failures = counters.value("connectFailures", json::object());
    for (const auto& [reason, count] : failures.items()) {
      sum += count.get<std::int64_t>();
    }
    return sum;
  }

  /// When the engine sent the last event of `action` for `name`, by the wall clock that both share.
  std::chrono::system_clock::time_point event_time(const std::string& name, const std::string& action) {
    std::string last;
    // The client's command may be back before the engine has sent its event.
    EXPECT_TRUE(wait_until([&] {
      const std::string lines =
          engine_.docker({"events", "--since", "10m", "--until", "0s", "--filter", "container=" + name, "--filter",
                          "event=" + action, "--format", "{{.TimeNano}}"});
      last = lines.substr(lines.rfind('\n') + 1);
      return !last.empty();
    })) << "no event "
        << action << " of " << name;
    return std::chrono::system_clock::time_point(std::chrono::nanoseconds(last.empty() ? 0 : std::stoll(last)));
  }

  /// No connect to `workload` begins later than 100 ms after the engine's event.
  void expect_no_connects_after(const std::string& workload, const std::string& action) {
    std::this_thread::sleep_until(event_time(workload, action) + scaled(milliseconds(100)));
    const std::int64_t before = attempts(workload);
    const std::uint64_t others = load_->report().finished;
    ASSERT_TRUE(wait_until([&] { return load_->report().finished > others + 40; })) << "connections go on elsewhere";
    EXPECT_LE(attempts(workload), before) << "after " << action << " of " << workload;
  }

  /// Ended sessions of the access log that neither side finished in order, by workload.
  [[nodiscard]] std::set<std::string> disturbed() const {
    std::set<std::string> workloads;
    std::istringstream lines(daemon_->log());
    for (std::string line; std::getline(lines, line);) {
      const json entry = json::parse(line, nullptr, false);
      if (entry.is_object() && entry.contains("cause") && entry["cause"] != "finished") {
        workloads.insert(entry.value("workload", "") + " " + entry["cause"].get<std::string>());
      }
    }
    return workloads;
  }

  DockerEngine engine_;
  SocketAddress vip_ = next_vip();
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<Load> load_;
};

TEST_F(DockerDaemonTest, containers_come_and_go_and_no_healthy_connection_suffers) {
  const std::set<std::string> mortal = {"killed", "stopped"};
  for (const auto* name : {"one", "two", "killed", "stopped", "paused"}) {
    run(name);
  }
  start_daemon();
  ASSERT_TRUE(wait_until([&] { return usable() == 5; }));
  load_ = std::make_unique<Load>(LoadOptions{.to = vip_, .long_lived = 64, .short_lived = 8, .pace = {}});
  ASSERT_TRUE(wait_until([&] { return load_->established() >= 64; }));

  engine_.kill("killed");
  expect_no_connects_after("killed", "die");
  engine_.stop_container("stopped");
  expect_no_connects_after("stopped", "kill");
  engine_.pause("paused");
  expect_no_connects_after("paused", "pause");
  engine_.unpause("paused");
  ASSERT_TRUE(wait_until([&] { return usable() == 3; }));

  run("added");
  const auto sent_to = [&](const std::string& name) { return load_->report().connections.contains(name); };
  EXPECT_TRUE(wait_until([&] { return sent_to("added"); }));
  run("other", "batch");
  engine_.rename("two", "renamed");
  engine_.start_container("killed");
  ASSERT_TRUE(wait_until([&] { return usable() == 5; }));
  EXPECT_FALSE(sent_to("other"));

  for (int turn = 0; turn < 50; ++turn) {
    daemon_->reconfigure(
        service(turn % 2 == 0 ? "{balancer: roundRobin}" : "{balancer: random, connect: {timeout: 2s}}"));
  }
  const std::uint64_t rounds = load_->report().rounds;
  EXPECT_TRUE(wait_until([&] { return load_->report().rounds > rounds + 64; }));

  const LoadReport report = load_->stop();
  for (const auto& [kind, count] : report.failures) {
    const auto at = kind.find('@');
    EXPECT_TRUE(at == std::string::npos || mortal.contains(kind.substr(at + 1))) << count << " × " << kind;
  }
  ASSERT_TRUE(wait_until([&] { return daemon_->metric("ringway_connections_active") == 0; }));
  // A failure before the greeting names no server; the daemon's own account of it does.
  for (const auto& entry : disturbed()) {
    EXPECT_TRUE(entry.starts_with("killed ") || entry.starts_with("stopped ")) << entry;
  }
}

TEST_F(DockerDaemonTest, an_engine_that_restarts_leaves_connections_alone) {
  run("one");
  start_daemon();
  ASSERT_TRUE(wait_until([&] { return usable() == 1; }));
  load_ = std::make_unique<Load>(LoadOptions{.to = vip_, .long_lived = 8, .short_lived = 0, .pace = {}});
  ASSERT_TRUE(wait_until([&] { return load_->established() >= 8; }));
  engine_.crash();
  ASSERT_TRUE(wait_until([&] { return daemon_->metric("ringway_discovery_synced", {{"provider", "docker"}}) == 0; }));
  EXPECT_EQ(usable(), 1) << "what was known stays";
  const std::uint64_t rounds = load_->report().rounds;
  EXPECT_TRUE(wait_until([&] { return load_->report().rounds > rounds + 16; }));
  const LoadReport report = load_->stop();
  EXPECT_THAT(report.failures, IsEmpty()) << report.failures_text();
}

TEST_F(DockerDaemonTest, the_last_container_gone_means_refused_and_back_means_served) {
  run("one");
  start_daemon();
  ASSERT_TRUE(wait_until([&] { return usable() == 1; }));
  engine_.remove("one");
  ASSERT_TRUE(wait_until([&] { return usable() == 0; }));
  EXPECT_EQ(TcpClient(vip_).error(), ECONNREFUSED);
  run("one");
  EXPECT_TRUE(wait_until([&] { return TcpClient(vip_).receive(4) == "one\n"; }));
}

}  // namespace
}  // namespace ringway::test
