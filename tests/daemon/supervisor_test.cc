#include "daemon/supervisor.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "config/load.h"
#include "daemon/changes.h"
#include "tests/daemon/fakes.h"
#include "tests/harness/await.h"
#include "tests/harness/places.h"

namespace ringway::daemon {
namespace {

using Result = ReloadReport::Result;
using std::chrono::milliseconds;

constexpr char kSettings[] =
    "apiVersion: ringway/v1\nkind: Ringway\nspec:\n  admin: {listen: \"127.0.0.1:0\"}\n  node: {name: n}\n"
    "  log: {level: error}\n";
constexpr char kPod[] =
    "---\napiVersion: v1\nkind: Pod\nmetadata: {name: web-1, labels: {app: web}}\n"
    "spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}\nstatus: {podIP: 127.0.0.11}\n";

std::string service(const std::string& name, const std::string& ip) {
  return "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: {clusterIP: " + ip +
         ", selector: {app: web}, ports: [{port: 80}]}\n";
}

class SupervisorTest : public testing::Test {
 protected:
  void SetUp() override { write(std::string(kSettings) + kPod + service("web", "127.96.0.10")); }

  void write(const std::string& text) const { std::ofstream(path()) << text; }
  [[nodiscard]] std::string path() const { return folder_ / "c.yaml"; }

  [[nodiscard]] std::unique_ptr<Supervisor> make(bool watch_files = false) {
    SupervisorOptions options;
    options.config_paths = {path()};
    options.handle_signals = false;
    options.watch_files = watch_files;
    options.longest_drain = milliseconds(20);
    options.start_data_plane = [this](const proxy::DataPlaneOptions& asked) {
      asked_ = asked;
      auto made = std::make_unique<test::FakeDataPlane>();
      plane_ = made.get();
      plane_->bind_error = bind_error_;
      return proxy::Result<std::unique_ptr<proxy::DataPlane>>(std::move(made));
    };
    options.make_health_checker = [](boost::asio::io_context&) { return std::make_unique<test::FakeChecker>(); };
    return std::make_unique<Supervisor>(context_, std::move(options));
  }

  void start(bool watch_files = false) {
    supervisor_ = make(watch_files);
    const auto started = supervisor_->start();
    ASSERT_TRUE(started) << started.error().front();
  }

  /// Runs the loop until `condition` holds.
  [[nodiscard]] bool run_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + ringway::test::kPatience;
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      context_.run_one_for(milliseconds(50));
    }
    return condition();
  }

  [[nodiscard]] std::vector<std::string> listens() const {
    return test::FakeDataPlane::listens(*plane_->published.back());
  }

  ringway::test::TemporaryFolder folder_;
  boost::asio::io_context context_{1};
  test::FakeDataPlane* plane_ = nullptr;  ///< the Supervisor's
  proxy::DataPlaneOptions asked_;
  std::string bind_error_;
  std::unique_ptr<Supervisor> supervisor_;
};

TEST_F(SupervisorTest, a_start_binds_then_publishes_what_the_files_say) {
  start();
  EXPECT_EQ(plane_->binds, 1);
  EXPECT_EQ(listens(), std::vector<std::string>{"127.96.0.10:80"});
  EXPECT_EQ(plane_->published.back()->ports.at(0)->endpoints.at(0)->address.to_string(), "127.0.0.11:80");
  EXPECT_TRUE(supervisor_->admin_address().starts_with("http://127.0.0.1:"));
  EXPECT_TRUE(supervisor_->board().sources().at("file").synced);
}

TEST_F(SupervisorTest, a_start_with_mistakes_or_without_its_address_fails_and_stops_the_data_plane) {
  bind_error_ = "binding default/web on 127.96.0.10:80: address in use";
  auto failing = make();
  auto started = failing->start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error(), std::vector<std::string>{bind_error_});
  EXPECT_TRUE(plane_->stopped);
  EXPECT_TRUE(plane_->published.empty());

  write("kind: Nonsense\n");
  started = make()->start();
  ASSERT_FALSE(started);
  EXPECT_FALSE(started.error().empty());
}

TEST_F(SupervisorTest, the_backlog_is_the_data_planes_and_needs_a_restart) {
  start();
  EXPECT_EQ(asked_.backlog, config::kDefaultBacklog);
  write(std::string(kSettings) + "  backlog: 99\n" + kPod + service("web", "127.96.0.10"));
  const auto report = supervisor_->board().reload();
  ASSERT_EQ(report.result, Result::kRefused);
  EXPECT_TRUE(report.mistakes.front().starts_with("spec.backlog: cannot change")) << report.mistakes.front();
  supervisor_.reset();
  start();
  EXPECT_EQ(asked_.backlog, 99U);
}

TEST_F(SupervisorTest, a_reload_binds_and_swaps_and_says_what_changed) {
  start();
  write(std::string(kSettings) + kPod + service("web", "127.96.0.11") + service("api", "127.96.0.12"));
  const auto report = supervisor_->board().reload();
  EXPECT_EQ(report.result, Result::kApplied);
  EXPECT_EQ(report.changes, (std::vector<std::string>{"service default/api: added", "service default/web: changed"}));
  EXPECT_EQ(listens(), (std::vector<std::string>{"127.96.0.11:80", "127.96.0.12:80"}));
  EXPECT_EQ(supervisor_->board().tallies().reloads[0], 1);
}

TEST_F(SupervisorTest, a_refused_reload_leaves_all_as_it_was_until_a_good_one) {
  start();
  const std::size_t published = plane_->published.size();
  write(std::string(kSettings) + service("web", "127.96.0.10") + "policy: {balancr: random}\n");
  auto report = supervisor_->board().reload();
  EXPECT_EQ(report.result, Result::kRefused);
  ASSERT_FALSE(report.mistakes.empty());
  EXPECT_NE(report.mistakes[0].find("c.yaml:"), std::string::npos) << report.mistakes[0];
  EXPECT_FALSE(supervisor_->board().tallies().config_valid);
  EXPECT_EQ(supervisor_->board().configuration().pods.size(), 1);
  EXPECT_EQ(plane_->published.size(), published);

  write(std::string(kSettings) + kPod + service("web", "127.96.0.10"));
  report = supervisor_->board().reload();
  EXPECT_EQ(report.result, Result::kUnchanged);
  EXPECT_TRUE(supervisor_->board().tallies().config_valid);
  EXPECT_EQ(plane_->published.size(), published);
}

TEST_F(SupervisorTest, a_reload_that_lacks_files_is_tried_again) {
  start();
  plane_->bind_error = "binding default/api on 127.96.0.12:80: socket: Too many open files";
  write(std::string(kSettings) + kPod + service("web", "127.96.0.10") + service("api", "127.96.0.12"));
  EXPECT_EQ(supervisor_->board().reload().result, Result::kRefused);
  plane_->bind_error = "";
  EXPECT_TRUE(run_until([&] { return supervisor_->board().configuration().services.size() == 2; }));
  EXPECT_TRUE(supervisor_->board().tallies().config_valid);
}

TEST_F(SupervisorTest, a_failing_bind_keeps_all) {
  start();
  plane_->bind_error = "binding default/api on 127.96.0.12:80: address in use";
  const std::size_t published = plane_->published.size();
  write(std::string(kSettings) + kPod + service("web", "127.96.0.10") + service("api", "127.96.0.12"));
  auto report = supervisor_->board().reload();
  EXPECT_EQ(report.result, Result::kRefused);
  EXPECT_EQ(report.mistakes, std::vector<std::string>{plane_->bind_error});
  EXPECT_TRUE(report.changes.empty());
  EXPECT_EQ(plane_->published.size(), published);
  EXPECT_EQ(supervisor_->board().configuration().services.size(), 1);
  EXPECT_EQ(supervisor_->board().services().size(), 1);
  EXPECT_EQ(supervisor_->board().tallies().reloads[2], 1);

  plane_->bind_error = "";
  report = supervisor_->board().reload();
  EXPECT_EQ(report.result, Result::kApplied);
  EXPECT_EQ(listens().size(), 2);
}

TEST_F(SupervisorTest, node_ports_move_to_other_addresses_by_a_reload_or_not_at_all) {
  const auto on = [](const std::string& address) {
    return std::string(kSettings) + "  nodePortAddresses: [" + address +
           "]\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
           "spec: {type: NodePort, clusterIP: 127.96.0.10, selector: {app: web}, "
           "ports: [{port: 80, nodePort: 30080}]}\n";
  };
  const auto listens_on = [](const std::string& address) {
    return std::vector<std::string>{"127.96.0.10:80", address + ":30080"};
  };
  write(on("127.0.0.61"));
  start();
  EXPECT_EQ(listens(), listens_on("127.0.0.61"));

  write(on("127.0.0.62"));
  plane_->bind_error = "binding default/web on 127.0.0.62:30080: address in use";
  auto report = supervisor_->board().reload();
  EXPECT_EQ(report.result, Result::kRefused);
  EXPECT_EQ(report.mistakes, std::vector<std::string>{plane_->bind_error});
  EXPECT_EQ(listens(), listens_on("127.0.0.61"));

  plane_->bind_error = "";
  report = supervisor_->board().reload();
  EXPECT_EQ(report.result, Result::kApplied);
  EXPECT_EQ(report.changes, std::vector<std::string>{"settings: changed"});
  EXPECT_EQ(listens(), listens_on("127.0.0.62"));
}

TEST_F(SupervisorTest, what_cannot_change_while_running_is_refused_by_name) {
  start();
  write("apiVersion: ringway/v1\nkind: Ringway\nspec: {workers: 7, node: {name: other}}\n" +
        service("web", "127.96.0.10"));
  const auto report = supervisor_->board().reload();
  EXPECT_EQ(report.result, Result::kRefused);
  std::string all;
  for (const auto& line : report.mistakes) {
    all += line + "\n";
  }
  for (const char* part : {"spec.workers", "spec.node.name", "spec.admin.listen", "restart"}) {
    EXPECT_NE(all.find(part), std::string::npos) << all;
  }
}

TEST_F(SupervisorTest, a_changed_file_is_one_reload) {
  start(true);
  for (int i = 0; i < 5; ++i) {
    write(std::string(kSettings) + kPod + service("web", "127.96.0.1" + std::to_string(i + 1)));
    context_.poll();
  }
  EXPECT_TRUE(run_until([&] { return listens() == std::vector<std::string>{"127.96.0.15:80"}; }));
  EXPECT_EQ(supervisor_->board().tallies().reloads[0], 1);
}

TEST_F(SupervisorTest, a_file_that_is_gone_is_refused_and_found_again) {
  start(true);
  std::filesystem::remove(path());
  EXPECT_TRUE(run_until([&] { return !supervisor_->board().tallies().config_valid; }));
  EXPECT_EQ(listens(), std::vector<std::string>{"127.96.0.10:80"});
  write(std::string(kSettings) + kPod + service("web", "127.96.0.20"));
  EXPECT_TRUE(run_until([&] { return supervisor_->board().tallies().config_valid; }));
  EXPECT_EQ(listens(), std::vector<std::string>{"127.96.0.20:80"});
}

TEST_F(SupervisorTest, what_the_machine_refused_is_watched_until_it_is_mended) {
  start(true);
  std::filesystem::create_directory(folder_ / "new.d");
  const std::string added = folder_ / "new.d/a.yaml";
  std::ofstream(added) << service("api", "127.96.0.12");
  plane_->bind_error = "binding default/api on 127.96.0.12:80: cannot assign requested address";
  write(std::string(kSettings) + "  manifests: [\"new.d/*.yaml\"]\n" + kPod + service("web", "127.96.0.10"));
  EXPECT_TRUE(run_until([&] { return !supervisor_->board().tallies().config_valid; }));
  plane_->bind_error = "";
  std::ofstream(added) << service("api", "127.96.0.13");
  EXPECT_TRUE(run_until([&] { return supervisor_->board().tallies().config_valid; }));
  EXPECT_EQ(listens(), (std::vector<std::string>{"127.96.0.10:80", "127.96.0.13:80"}));
}

TEST_F(SupervisorTest, a_new_folder_that_a_pattern_wants_is_looked_into) {
  std::filesystem::create_directory(folder_ / "teams");
  write(std::string(kSettings) + "  manifests: [\"teams/*/svc.conf\"]\n" + kPod + service("web", "127.96.0.10"));
  start(true);
  std::filesystem::create_directory(folder_ / "teams/b");
  EXPECT_TRUE(run_until([&] { return supervisor_->board().tallies().reloads[1] == 1; }));
  std::ofstream(folder_ / "teams/b/svc.conf") << service("api", "127.96.0.12");
  EXPECT_TRUE(run_until([&] { return listens().size() == 2; }));
}

TEST_F(SupervisorTest, propagation_is_counted_when_every_worker_has_switched) {
  start();
  const auto counted = [&] {
    std::uint64_t sum = 0;
    for (const auto bucket : supervisor_->board().tallies().propagation_buckets) {
      sum += bucket;
    }
    return sum;
  };
  EXPECT_TRUE(run_until([&] { return counted() == 1; }));
  plane_->apply_at_once = false;
  write(std::string(kSettings) + service("web", "127.96.0.10"));
  EXPECT_EQ(supervisor_->board().reload().result, Result::kApplied);
  plane_->switched();
  context_.poll();
  EXPECT_EQ(counted(), 1) << "one worker still runs the version before";
  plane_->in_force = plane_->published.back()->version;
  plane_->switched();
  EXPECT_TRUE(run_until([&] { return counted() == 2; }));
}

TEST_F(SupervisorTest, draining_by_hand_takes_an_endpoint_out_and_back) {
  write(std::string(kSettings) + kPod + service("web", "127.96.0.10"));
  start();
  using discovery::DrainLifetime;
  EXPECT_EQ(supervisor_->board().drain("127.0.0.11:80", DrainLifetime::kUntilRestart), 1U);
  EXPECT_TRUE(run_until([&] { return plane_->published.back()->ports.at(0)->endpoints.empty(); }));
  EXPECT_EQ(supervisor_->board().undrain("default/web-1"), 1U);
  EXPECT_TRUE(run_until([&] { return plane_->published.back()->ports.at(0)->endpoints.size() == 1; }));
  EXPECT_EQ(supervisor_->board().drain("nothing", DrainLifetime::kUntilRestart), 0U);
}

TEST_F(SupervisorTest, changes_within_the_min_sync_period_come_into_force_together) {
  constexpr milliseconds kPeriod(300);
  write(std::string(kSettings) + "  minSyncPeriod: 300ms\n" + kPod + service("web", "127.96.0.10") +
        service("other", "127.96.0.11"));
  const auto begin = std::chrono::steady_clock::now();
  start();
  const auto keep = discovery::DrainLifetime::kUntilRestart;
  const std::size_t before = plane_->published.size();
  EXPECT_EQ(supervisor_->board().drain("127.0.0.11:80", keep), 2U);
  context_.poll();
  EXPECT_EQ(supervisor_->board().undrain("127.0.0.11:80"), 2U);
  context_.poll();
  EXPECT_EQ(supervisor_->board().drain("web-1", keep), 2U);
  EXPECT_TRUE(run_until([&] { return plane_->published.size() > before; }));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, kPeriod);
  EXPECT_EQ(plane_->published.size(), before + 1);
  EXPECT_TRUE(plane_->published.back()->ports.at(0)->endpoints.empty());
}

TEST_F(SupervisorTest, a_persisted_drain_is_in_force_from_the_first_snapshot_on) {
  const std::string state = folder_ / "state";
  const std::string settings = std::string(kSettings) + "  stateDirectory: " + state + "\n";
  write(settings + kPod + service("web", "127.96.0.10"));
  start();
  EXPECT_EQ(supervisor_->board().drain("web-1", discovery::DrainLifetime::kPersisted), 1U);
  supervisor_.reset();
  start();
  EXPECT_TRUE(plane_->published.front()->ports.at(0)->endpoints.empty());
  EXPECT_EQ(supervisor_->board().services().at(0).ports.at(0).endpoints.at(0).reason, "drained by hand (persisted)");
  EXPECT_EQ(supervisor_->board().undrain("web-1"), 1U);
  supervisor_.reset();
  start();
  EXPECT_EQ(plane_->published.front()->ports.at(0)->endpoints.size(), 1U);
}

TEST_F(SupervisorTest, a_drain_that_cannot_be_written_down_is_refused_and_changes_nothing) {
  const std::string file = folder_ / "file";
  std::ofstream(file) << "no folder";
  write(std::string(kSettings) + "  stateDirectory: " + file + "\n" + kPod + service("web", "127.96.0.10"));
  start();
  const auto refused = supervisor_->board().drain("web-1", discovery::DrainLifetime::kPersisted);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().find("spec.stateDirectory"), std::string::npos) << refused.error();
  EXPECT_NE(refused.error().find("without --persist"), std::string::npos) << refused.error();
  EXPECT_EQ(supervisor_->board().services().at(0).ports.at(0).endpoints.at(0).reason, "");
  EXPECT_EQ(supervisor_->board().drain("web-1", discovery::DrainLifetime::kUntilRestart), 1U);
}

TEST_F(SupervisorTest, an_end_drains_first_and_then_stops) {
  start();
  EXPECT_FALSE(supervisor_->board().stopping());
  supervisor_->end();
  EXPECT_TRUE(supervisor_->board().stopping());
  EXPECT_FALSE(plane_->stopped);
  EXPECT_EQ(supervisor_->board().reload().result, Result::kRefused);
  plane_->drained();
  context_.run();
  EXPECT_TRUE(plane_->stopped);
}

TEST_F(SupervisorTest, an_end_waits_no_longer_than_its_limit) {
  start();
  supervisor_->end();
  context_.run();
  EXPECT_TRUE(plane_->stopped);
}

TEST_F(SupervisorTest, a_second_end_is_at_once) {
  start();
  supervisor_->end();
  supervisor_->end();
  EXPECT_TRUE(plane_->stopped);
}

TEST(Changes, two_texts_that_mean_the_same_do_not_differ) {
  const auto load = [](const std::string& text) { return config::load_text(text, "t").value(); };
  const auto first = load(std::string(kSettings) + kPod + service("web", "127.96.0.10"));
  const auto second = load("# a comment\n" + std::string(kSettings) + service("web", "127.96.0.10") + kPod);
  EXPECT_TRUE(changes_between(first, second).empty());
  EXPECT_TRUE(needs_restart(first, second).empty());
  const auto third = load(std::string(kSettings) + kPod);
  EXPECT_EQ(changes_between(first, third), std::vector<std::string>{"service default/web: removed"});
}

}  // namespace
}  // namespace ringway::daemon
