#include "daemon/cli/command_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "daemon/admin/api.h"
#include "daemon/admin/server.h"
#include "tests/daemon/fakes.h"
#include "tests/daemon/serving.h"
#include "tests/harness/await.h"
#include "tests/harness/places.h"

namespace ringway::daemon {
namespace {

using Result = ReloadReport::Result;

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

Outcome ringway(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ringway");
  std::ostringstream out;
  std::ostringstream err;
  const int status = run_command_line(static_cast<int>(arguments.size()), arguments.data(), out, err);
  return {status, out.str(), err.str()};
}

TEST(CommandLine, wrong_usage_is_2_and_help_is_0) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{{},
                                                                     {"nonsense"},
                                                                     {"run"},
                                                                     {"check"},
                                                                     {"get"},
                                                                     {"get", "pods"},
                                                                     {"get", "svc", "-o", "xml"},
                                                                     {"get", "svc", "--nonsense"},
                                                                     {"get", "sessions", "-w"},
                                                                     {"get", "sessions", "-l", "a=b"},
                                                                     {"get", "events", "-l", "a=b"},
                                                                     {"describe", "service"},
                                                                     {"describe", "pod", "x"},
                                                                     {"drain"},
                                                                     {"undrain", "web-1", "--persist"},
                                                                     {"get", "svc", "--admin", "nonsense"}}) {
    const auto outcome = ringway(arguments);
    EXPECT_EQ(outcome.status, kWrongUsage) << testing::PrintToString(arguments) << outcome.out;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err, "");
  }
  EXPECT_EQ(ringway({"--help"}).status, kFine);
  EXPECT_EQ(ringway({"get", "--help"}).status, kFine);
  EXPECT_EQ(ringway({"--version"}).status, kFine);
  EXPECT_EQ(ringway({"--help"}).err, "");
}

TEST(CommandLine, check_prints_what_would_run_or_every_mistake) {
  const ringway::test::TemporaryFolder folder;
  const std::string path = folder / "c.yaml";
  std::ofstream(path)
      << "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
         "spec: {clusterIP: 127.96.0.10, selector: {app: web}, ports: [{name: a, port: 80, targetPort: http}, "
         "{name: b, port: 80, protocol: UDP}]}\n";
  const auto good = ringway({"check", "-c", path.c_str()});
  EXPECT_EQ(good.status, kFine) << good.err;
  for (const char* part :
       {"service default/web", "127.96.0.10:80/TCP to http", "app=web", "powerOfTwo", "b 80/UDP: not served"}) {
    EXPECT_NE(good.out.find(part), std::string::npos) << part << " in " << good.out;
  }
  std::ofstream(path) << "apiVersion: v1\nkind: Service\nmetadata: {name: WEB}\n"
                         "spec: {clusterIP: 127.96.0.10, selector: {app: web}, ports: [{port: 0}]}\n";
  const auto bad = ringway({"check", "--config", path.c_str()});
  EXPECT_EQ(bad.status, kFailed);
  EXPECT_EQ(bad.out, "");
  EXPECT_GE(std::ranges::count(bad.err, '\n'), 2) << bad.err;
  EXPECT_NE(bad.err.find("c.yaml:"), std::string::npos);
}

TEST(CommandLine, check_names_where_workloads_come_from) {
  const ringway::test::TemporaryFolder folder;
  const std::string path = folder / "c.yaml";
  const auto said = [&](const std::string& discovery) {
    std::ofstream(path) << "apiVersion: ringway/v1\nkind: Ringway\nspec: {discovery: " + discovery + "}\n";
    return ringway({"check", "-c", path.c_str()}).out;
  };
  const auto docker_and_cluster = said("{docker: {socket: unix:/d.sock}, kubernetes: {kubeconfig: /k.conf}}");
  EXPECT_NE(docker_and_cluster.find("from files and docker (unix:/d.sock) and kubernetes (/k.conf)\n"),
            std::string::npos)
      << docker_and_cluster;
  EXPECT_NE(said("{kubernetes: {}}").find("from files and kubernetes (in-cluster)\n"), std::string::npos);
}

TEST(CommandLine, version_works_without_a_daemon) {
  const std::string admin = "http://" + ringway::test::refusing_endpoint().to_string();
  const auto outcome = ringway({"version", "--admin", admin.c_str()});
  EXPECT_EQ(outcome.status, kFine);
  EXPECT_NE(outcome.out.find("kernel"), std::string::npos);
  EXPECT_NE(outcome.out.find("none answers"), std::string::npos);
}

/// The commands against a daemon with the Service shop/web and two endpoints.
class ClientCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    board_.add_endpoint("10.0.0.1:8080", discovery::EndpointCondition::kReady);
    board_.add_endpoint("10.0.0.2:8080", discovery::EndpointCondition::kDown).reason = "connect: refused";
    loop_.on_loop(
        [&] { server_ = std::move(Server::start(loop_.context.get_executor(), "127.0.0.1:0", api_, {}).value()); });
    admin_ = server_->address();
  }
  void TearDown() override {
    loop_.on_loop([&] { server_.reset(); });
    loop_.join();
  }

  Outcome ask(std::vector<const char*> arguments) {
    arguments.insert(arguments.end(), {"--admin", admin_.c_str()});
    return ringway(std::move(arguments));
  }

  test::FakeBoard board_;
  Api api_{board_};
  test::LoopThread loop_;
  std::unique_ptr<Server> server_;
  std::string admin_;
};

TEST_F(ClientCommandTest, get_shows_a_table) {
  EXPECT_EQ(ask({"get", "svc", "-n", "shop"}).out,
            "NAME   TYPE        CLUSTER-IP    PORT(S)   ENDPOINTS   BALANCER\n"
            "web    ClusterIP   127.96.0.10   80/TCP    1/2         powerOfTwo\n");
  EXPECT_EQ(ask({"get", "endpoints", "-A"}).out,
            "NAMESPACE   SERVICE   PORT   ADDRESS         WORKLOAD     STATE   ACTIVE   REASON\n"
            "shop        web       http   10.0.0.1:8080   shop/web-1   ready   0\n"
            "shop        web       http   10.0.0.2:8080   shop/web-2   down    0        connect: refused\n");
}

TEST_F(ClientCommandTest, get_finds_by_name_namespace_and_label) {
  EXPECT_EQ(ask({"get", "services"}).out, "");
  EXPECT_NE(ask({"get", "services"}).err.find("No services found in namespace default"), std::string::npos);
  EXPECT_EQ(ask({"get", "services"}).status, kFine);
  EXPECT_EQ(ask({"get", "service", "web", "-n", "shop"}).status, kFine);
  EXPECT_EQ(ask({"get", "service/web", "-n", "shop"}).status, kFine);
  const auto missing = ask({"get", "service", "web", "db", "-n", "shop"});
  EXPECT_EQ(missing.status, kFailed);
  EXPECT_NE(missing.err.find("service \"db\" not found"), std::string::npos);
  EXPECT_NE(missing.out.find("web"), std::string::npos);
  EXPECT_NE(ask({"get", "svc", "-A", "-l", "app=web"}).out, "");
  EXPECT_EQ(ask({"get", "svc", "-A", "-l", "app!=web"}).out, "");
  EXPECT_EQ(ask({"get", "svc", "-A", "-l", "app in ("}).status, kFailed);
}

TEST_F(ClientCommandTest, get_prints_json_and_yaml) {
  EXPECT_TRUE(ask({"get", "svc", "-A", "-o", "json"}).out.starts_with("{\n  \"items\": ["));
  EXPECT_TRUE(
      ask({"get", "svc", "web", "-n", "shop", "-o", "yaml"}).out.starts_with("clusterIPs:\n- \"127.96.0.10\"\n"));
  EXPECT_EQ(ask({"get", "svc", "-o", "json"}).out, "{\n  \"items\": []\n}\n");
}

TEST_F(ClientCommandTest, describe_says_why) {
  const auto outcome = ask({"describe", "service", "web", "-n", "shop"});
  EXPECT_EQ(outcome.status, kFine) << outcome.err;
  EXPECT_EQ(outcome.out.find("Not served"), std::string::npos);
  for (const char* part : {"127.96.0.10:80/TCP", "powerOfTwo", "10.0.0.2:8080", "down", "connect: refused"}) {
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << " in " << outcome.out;
  }
  EXPECT_EQ(ask({"describe", "svc/web", "-n", "shop"}).status, kFine);
  EXPECT_EQ(ask({"describe", "service", "db", "-n", "shop"}).status, kFailed);
}

TEST_F(ClientCommandTest, describe_names_ports_that_are_not_served) {
  board_.configured.services.front().ports.push_back(
      {.name = "dns", .port = 53, .protocol = config::Protocol::kUdp, .target_port = std::uint16_t{53}});
  EXPECT_NE(ask({"describe", "service", "web", "-n", "shop"}).out.find("Not served:   53/UDP (only TCP is)"),
            std::string::npos);
}

TEST_F(ClientCommandTest, describe_says_why_a_workload_is_out) {
  loop_.on_loop([&] {
    board_.configured.services.front().selector = discovery::Selector::parse("tier=backend").value();
    board_.known[{"docker", "1"}] = {
        .source = "docker", .id = "1", .ns = "shop", .name = "cart", .labels = {{"tier", "frontend"}}, .ready = true};
    for (std::size_t i = 0; i < 30; ++i) {
      const std::string id = "x" + std::to_string(i);
      board_.known[{"docker", id}] = {.source = "docker", .id = id, .ns = "b", .name = id};
    }
  });
  const auto outcome = ask({"describe", "service", "web", "-n", "shop"});
  EXPECT_NE(outcome.out.find("shop/cart   docker   no   label tier is 'frontend', wanted 'backend'"), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("  30 more that the selector does not want\n"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("x7"), std::string::npos);
  EXPECT_NE(ask({"get", "workloads", "-A", "-o", "wide"}).out.find("tier=frontend"), std::string::npos);
}

TEST_F(ClientCommandTest, service_prints_its_urls) {
  EXPECT_EQ(ask({"service", "web", "--url", "-n", "shop"}).out, "http://127.96.0.10:80\n");
  EXPECT_EQ(ask({"service", "db", "--url"}).status, kFailed);
}

TEST_F(ClientCommandTest, drain_and_reload_report_what_came_of_it) {
  EXPECT_EQ(ask({"drain", "web-1"}).out, "web-1 drained (1 endpoint)\n");
  EXPECT_EQ(ask({"drain", "web-1", "--persist"}).out, "web-1 drained, also after a restart (1 endpoint)\n");
  EXPECT_EQ(ask({"undrain", "web-1"}).out, "web-1 undrained (1 endpoint)\n");
  EXPECT_EQ(ask({"drain", "other"}).status, kFailed);
  EXPECT_EQ(ask({"reload"}).out, "nothing changed\n");
  loop_.on_loop([&] { board_.report = {Result::kApplied, {"service a/b: added"}, {}}; });
  EXPECT_EQ(ask({"reload"}).out, "service a/b: added\n");
  loop_.on_loop([&] { board_.report = {Result::kRefused, {}, {"c.yaml:1:2: x: wrong"}}; });
  const auto refused = ask({"reload"});
  EXPECT_EQ(refused.status, kFailed);
  EXPECT_TRUE(refused.err.starts_with("c.yaml:1:2: x: wrong\n")) << refused.err;
}

TEST_F(ClientCommandTest, the_daemon_may_be_named_by_the_environment) {
  setenv("RINGWAY_ADMIN", admin_.c_str(), 1);
  const auto outcome = ringway({"dashboard"});
  unsetenv("RINGWAY_ADMIN");
  EXPECT_EQ(outcome.out, admin_ + "/\n");
}

TEST_F(ClientCommandTest, events_are_listed_in_their_order) {
  loop_.on_loop([&] {
    board_.log.add(
        {.kind = "WorkloadAdded", .object = "workload/shop/web-1", .ns = "shop", .message = "docker: ready"});
    board_.log.add({.kind = "SourceLost", .object = "source/docker", .message = "not connected"});
    board_.log.add(
        {.kind = "EndpointIn", .object = "endpoint/10.0.0.1:80", .ns = "b", .service = "x", .message = "in"});
  });
  const std::string all = ask({"get", "events", "-A"}).out;
  const auto added = all.find("WorkloadAdded   workload/shop/web-1    docker: ready\n");
  const auto lost = all.find("SourceLost      source/docker          not connected\n");
  EXPECT_LT(added, lost) << all;
  EXPECT_NE(lost, std::string::npos) << all;
  EXPECT_NE(all.find("EndpointIn"), std::string::npos);
  EXPECT_EQ(ask({"get", "events", "-n", "shop"}).out.find("EndpointIn"), std::string::npos);
  EXPECT_EQ(ask({"get", "ev", "x", "-A"}).out.find("SourceLost"), std::string::npos);
  EXPECT_EQ(ask({"get", "events", "nothing", "-A"}).status, kFine);
}

/// Takes lines until the one that it waits for, then ends the command.
class UntilLine : public std::streambuf {
 public:
  explicit UntilLine(std::function<void(const std::string& text)> hears) : hears_(std::move(hears)) {}
  std::string text;

 protected:
  int overflow(int c) override {
    text += static_cast<char>(c);
    if (c == '\n') {
      hears_(text);
    }
    return c;
  }

 private:
  std::function<void(const std::string&)> hears_;
};

TEST_F(ClientCommandTest, a_watch_of_events_goes_on_with_what_comes) {
  loop_.on_loop([&] { board_.log.add({.kind = "First", .object = "o", .message = "before the watch"}); });
  std::ostream* stream = nullptr;
  UntilLine lines([&](const std::string& text) {
    if (text.find("Second") != std::string::npos) {
      stream->setstate(std::ios::badbit);
    } else if (text.find("First") != std::string::npos) {
      loop_.on_loop([&] {
        board_.log.add({.kind = "Second", .object = "o", .message = "after it"});
        server_->notify();
      });
    }
  });
  std::ostream out(&lines);
  stream = &out;
  std::ostringstream err;
  const std::vector<const char*> arguments = {"ringway", "get", "events", "-w", "-A", "--admin", admin_.c_str()};
  EXPECT_EQ(run_command_line(static_cast<int>(arguments.size()), arguments.data(), out, err), kFine) << err.str();
  EXPECT_LT(lines.text.find("First"), lines.text.find("Second"));
}

TEST_F(ClientCommandTest, a_watch_ends_with_an_error_when_the_daemon_does) {
  board_.known[{"docker", "1"}] = {.source = "docker", .id = "1", .ns = "", .name = "c", .ready = true};
  std::thread stopper([&] {
    ringway::test::wait_until([&] {
      bool streaming = false;
      loop_.on_loop([&] { streaming = board_.asked > 0; });
      return streaming;
    });
    loop_.on_loop([&] { server_->stop(); });
  });
  const auto outcome = ask({"get", "wl", "-w"});
  stopper.join();
  EXPECT_EQ(outcome.status, kFailed);
  EXPECT_NE(outcome.err, "");
}

}  // namespace
}  // namespace ringway::daemon
