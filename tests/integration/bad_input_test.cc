#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/harness/daemon.h"
#include "tests/harness/load.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// Peers and files that mean no good, or know no better.
namespace ringway::test {
namespace {

using ::testing::IsEmpty;

struct Scene {
  explicit Scene(Mode mode = Mode::kGreet, std::vector<std::string> spec_lines = {})
      : server({.mode = mode, .at = {}}),
        daemon({.config = documents({{.vip = vip, .endpoints = {server.address()}}}),
                .spec_lines = std::move(spec_lines)}) {}

  /// All sessions are over and the daemon still does its work, with no more open files than before.
  void expect_recovered(std::size_t files) {
    EXPECT_TRUE(wait_until([&] { return daemon.metric("ringway_connections_active", {{"service", "web"}}) == 0; }));
    EXPECT_TRUE(wait_until([&] { return daemon.open_files() <= files; })) << daemon.open_files() << " > " << files;
    EXPECT_TRUE(daemon.ready());
  }

  SocketAddress vip = next_vip();
  EchoServer server;
  Daemon daemon;
};

TEST(BadInputTest, a_port_scan) {
  Scene scene;
  const std::size_t files = scene.daemon.open_files();
  for (std::uint16_t port = 8000; port < 8200; ++port) {
    for (const bool rude : {false, true}) {
      TcpClient client(SocketAddress(scene.vip.ip(), port));
      EXPECT_EQ(client.connected(), port == scene.vip.port()) << port;
      rude ? client.reset() : client.close();
    }
  }
  for (int i = 0; i < 500; ++i) {
    TcpClient(scene.vip).reset();
    TcpClient(scene.vip).close();
  }
  scene.expect_recovered(files);
  EXPECT_EQ(TcpClient(scene.vip).receive(7), "server\n");
}

TEST(BadInputTest, clients_that_say_nothing) {
  Scene scene(Mode::kEcho);
  const std::size_t files = scene.daemon.open_files();
  std::vector<std::unique_ptr<TcpClient>> silent;
  for (int i = 0; i < 200; ++i) {
    silent.push_back(std::make_unique<TcpClient>(scene.vip));
    ASSERT_TRUE(silent.back()->connected());
  }
  TcpClient client(scene.vip);
  EXPECT_TRUE(client.send("hello") && client.receive(5) == "hello") << "others are served meanwhile";
  client.close();
  silent.clear();
  scene.expect_recovered(files);
}

TEST(BadInputTest, clients_that_reset_in_the_middle) {
  Scene scene(Mode::kDuplex);
  const std::size_t files = scene.daemon.open_files();
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    TcpClient client(scene.vip);
    client.send(std::string(random() % 30'000, '\0'));
    if (i % 3 == 0) {
      client.receive(random() % 20'000 + 1, milliseconds(0));
    }
    client.reset();
  }
  EXPECT_TRUE(wait_until([&] { return scene.server.open() == 0; }));
  scene.expect_recovered(files);
}

TEST(BadInputTest, servers_that_reset_in_the_middle) {
  Scene scene(Mode::kResetAfter);
  const std::size_t files = scene.daemon.open_files();
  for (int i = 0; i < 200; ++i) {
    TcpClient client(scene.vip);
    client.send(std::string(20'000, 'x'));
    client.receive_all();
    EXPECT_EQ(client.ending(), Ending::kReset);
  }
  scene.expect_recovered(files);
}

TEST(BadInputTest, clients_that_never_read_and_leave) {
  Scene scene(Mode::kEcho);
  const std::size_t files = scene.daemon.open_files();
  for (int i = 0; i < 20; ++i) {
    TcpClient client(scene.vip, kPatience, 4096);
    client.send_until_blocked(scaled(milliseconds(20)), 4'000'000);
    i % 2 == 0 ? client.reset() : client.close();
  }
  scene.expect_recovered(files);
}

TEST(BadInputTest, garbage_for_the_admin_socket) {
  const auto server_port = [] { return EchoServer({.at = {}}).address(); }();
  EchoServer server({.at = {}});
  const TemporaryFolder folder;
  const SocketAddress second_vip = next_vip();
  write_file(folder / "c.yaml", "kind: Ringway\napiVersion: ringway/v1\nspec: {admin: {listen: \"" +
                                    server_port.to_string() + "\"}}\n" +
                                    documents({{.vip = second_vip, .endpoints = {server.address()}}}));
  Process process({.argv = {ringway_binary(), "run", "--config", folder / "c.yaml"},
                   .environment = {},
                   .out = folder / "log",
                   .err = folder / "log",
                   .folder = {},
                   .user = {}});
  const std::string admin = server_port.to_string();
  ASSERT_TRUE(wait_until([&] { return http(admin, "GET", "/readyz").status == 200; })) << read_file(folder / "log");
  std::mt19937 random(11);
  for (int i = 0; i < 50; ++i) {
    TcpClient client(server_port);
    std::string garbage(random() % 5'000 + 1, '\0');
    for (char& byte : garbage) {
      byte = static_cast<char>(random());
    }
    client.send(i % 2 == 0 ? garbage : "GET /" + garbage);
    i % 3 == 0 ? client.reset() : client.close();
  }
  TcpClient endless(server_port);
  endless.send("GET / HTTP/1.1\r\nX: ");
  endless.send_until_blocked(scaled(milliseconds(300)), 8'000'000);
  std::vector<std::unique_ptr<TcpClient>> silent;
  const auto be_silent = [&](int count) {
    for (int i = 0; i < count; ++i) {
      silent.push_back(std::make_unique<TcpClient>(server_port));
    }
  };
  be_silent(30);
  EXPECT_EQ(http(admin, "GET", "/livez").status, 200) << "others are answered meanwhile";
  be_silent(300);
  silent.clear();
  endless.close();
  EXPECT_TRUE(wait_until([&] { return http(admin, "GET", "/livez").status == 200; })) << "and after any number";
  for (const char* target : {"/api/v1/nothing", "/..%2f..%2fetc/passwd", "/api/v1/services?x=%zz", "//"}) {
    const int status = http(admin, "GET", target).status;
    EXPECT_TRUE(status == 404 || status == 400 || status == 200) << target << ": " << status;
  }
  EXPECT_GE(http(admin, "POST", "/api/v1/drain", "{\"broken", "X-Ringway: 1\r\n").status, 400);
  EXPECT_GE(http(admin, "POST", "/api/v1/reload").status, 400) << "without X-Ringway a browser could have sent it";
  EXPECT_GE(http(admin, "GET", "/api/v1/services", "", "Host: evil.example\r\n").status, 400)
      << "a name that was made to point here must not open the API to a page of that name";
  EXPECT_EQ(http(admin, "DELETE", "/metrics").status / 100, 4);
  EXPECT_TRUE(process.running());
  EXPECT_EQ(TcpClient(second_vip).receive(7), "server\n");
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0) << read_file(folder / "log");
  EXPECT_EQ(read_file(folder / "log").find("Sanitizer"), std::string::npos) << read_file(folder / "log");
}

/// One of everything, so that a cut goes through everything.
constexpr const char* kExample = R"(apiVersion: ringway/v1
kind: Ringway
spec:
  node: {name: node-a, zone: z1}
  workers: auto
  admin: {listen: "127.0.0.1:9900"}
  log: {level: info, format: text, accessLog: off}
  virtualIPs: {mode: auto, interface: lo}
  defaults: {policy: {connect: {timeout: 1500ms}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {a: "b"}}
spec:
  clusterIP: 127.96.0.10
  selector: {tier: backend, release: stable}
  ports: [{name: http, port: 80, targetPort: http, protocol: TCP}]
policy:
  selector: "tier=backend, release in (stable,canary), !legacy"
  balancer: leastConnections
  healthCheck: {http: {path: /healthz, expectStatus: "200-399"}, interval: 2s, timeout: 1s, rise: 2, fall: 3}
  idleTimeout: 1h
  drain: {timeout: 30s}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: web-1, namespace: shop, labels: {tier: backend, release: stable}}
  spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}
  status: {podIP: 127.0.0.11}
)";

TEST(BadInputTest, a_configuration_cut_short_is_refused_or_fine_but_never_a_crash) {
  const std::string example = kExample;
  const TemporaryFolder folder;
  const std::string file = folder / "cut.yaml";
  const auto check = [&](std::string_view text) {
    write_file(file, std::string(text));
    return run({ringway_binary(), "check", "--config", file});
  };
  const Outcome whole = check(example);
  ASSERT_EQ(whole.status, 0) << whole.err;
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  const bool all = getenv("RINGWAY_TEST_ALL_CUTS") != nullptr;
  const std::size_t most_step = all ? 1 : 2 * example.size() / (120 / RINGWAY_TIME_SCALE);
  for (std::size_t at = 0; at < example.size(); at += 1 + random() % most_step) {
    const Outcome outcome = check(std::string_view(example).substr(0, at));
    ASSERT_TRUE(outcome.status == 0 || outcome.status == 1) << "cut at " << at << ": " << outcome.status << outcome.err;
    if (outcome.status == 1) {
      EXPECT_THAT(outcome.err, ::testing::ContainsRegex("cut.yaml(:[0-9]+)?")) << "cut at " << at;
    }
  }
}

TEST(BadInputTest, wrong_usage_exits_with_two) {
  EXPECT_EQ(run({ringway_binary(), "no-such-command"}).status, 2);
  EXPECT_EQ(run({ringway_binary(), "check", "--no-such-option"}).status, 2);
  const Outcome missing = run({ringway_binary(), "check", "--config", "/nonexistent/ringway.yaml"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.err, ::testing::HasSubstr("/nonexistent/ringway.yaml"));
  EXPECT_THAT(missing.out, IsEmpty());
}

TEST(BadInputTest, a_command_without_a_daemon_fails_with_a_sentence) {
  const TemporaryFolder folder;
  const Outcome outcome = run({ringway_binary(), "get", "services", "--admin", "unix:" + (folder / "none.sock")});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, ::testing::HasSubstr("none.sock"));
  EXPECT_THAT(outcome.out, IsEmpty());
}

}  // namespace
}  // namespace ringway::test
