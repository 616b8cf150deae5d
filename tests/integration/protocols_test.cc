#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <set>

#include "tests/harness/daemon.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// Real clients and servers of Debian's packages, through the real binary.
namespace ringway::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

#define NEEDS(program)                                            \
  if (find_program(program).empty()) {                            \
    GTEST_SKIP() << program << " is not installed (./dev setup)"; \
  }

SocketAddress free_endpoint() {
  return EchoServer({.at = {}}).address();
}

bool answers(const SocketAddress& at) {
  return TcpClient(at).connected();
}

TEST(ProtocolsTest, http_with_curl_reaches_every_server) {
  NEEDS("curl");
  const auto vip = next_vip();
  const auto servers = start_servers(3, Mode::kHttp);
  const Daemon daemon(
      {.config = documents({{.vip = vip, .endpoints = addresses_of(servers), .policy = "{balancer: roundRobin}"}})});
  std::set<std::string> names;
  for (int i = 0; i < 12; ++i) {
    const Outcome outcome = run({"curl", "-sS", "--fail", "--noproxy", "*", "http://" + vip.to_string() + "/"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    names.insert(outcome.out);
  }
  EXPECT_EQ(names, (std::set<std::string>{"server-0\n", "server-1\n", "server-2\n"}));
}

TEST(ProtocolsTest, http_with_wrk_sees_no_error) {
  NEEDS("wrk");
  const auto vip = next_vip();
  const auto servers = start_servers(2, Mode::kHttp);
  const Daemon daemon({.config = documents({{.vip = vip, .endpoints = addresses_of(servers)}})});
  const Outcome outcome =
      run({"wrk", "-t1", "-c50", "-d3s", "--timeout", "30s", "http://" + vip.to_string() + "/"}, kPatience * 2);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, ContainsRegex("Requests/sec: *[1-9]"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("Socket errors"))) << outcome.out;
  EXPECT_THAT(outcome.out, Not(HasSubstr("Non-2xx"))) << outcome.out;
}

TEST(ProtocolsTest, redis_with_its_benchmark) {
  NEEDS("redis-server");
  NEEDS("redis-benchmark");
  const auto vip = next_vip();
  const auto endpoint = free_endpoint();
  const TemporaryFolder folder;
  Process server(
      {.argv = {"redis-server", "--bind", endpoint.ip().to_string(), "--port", std::to_string(endpoint.port()),
                "--save", "", "--appendonly", "no", "--dir", folder.path(), "--protected-mode", "no"},
       .environment = {},
       .out = folder / "log",
       .err = folder / "log",
       .folder = {},
       .user = {}});
  ASSERT_TRUE(wait_until([&] { return answers(endpoint); })) << read_file(folder / "log");
  const Daemon daemon(
      {.config = documents({{.name = "redis",
                             .vip = vip,
                             .endpoints = {endpoint},
                             .policy = R"({healthCheck: {tcp: {send: "PING\r\n", expect: "+PONG"}}})"}})});
  EXPECT_TRUE(wait_until([&] { return daemon.metric("ringway_endpoint_up") == 1; })) << "it answers its check";
  const std::string host = vip.ip().to_string();
  const std::string port = std::to_string(vip.port());
  for (const char* pipeline : {"1", "16"}) {
    const Outcome outcome =
        run({"redis-benchmark", "-h", host, "-p", port, "-n", std::to_string(10'000 / RINGWAY_TIME_SCALE), "-c", "50",
             "-q", "-P", pipeline, "-d", "700", "-t", "set,get,lpush,lrange_100"},
            kPatience * 2);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, ContainsRegex("GET: [0-9.]+ requests per second"));
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("rror"))) << outcome.out;
  }
  const Outcome echo = run({"redis-cli", "-h", host, "-p", port, "echo", "through the ring"});
  EXPECT_EQ(echo.out, "through the ring\n") << echo.err;
}

/// A PostgreSQL cluster of its own, run by a user who may: the server refuses root.
class Postgres {
 public:
  Postgres() {
    if (geteuid() == 0) {
      user_ = "postgres";
      const passwd* entry = getpwnam("postgres");
      if (entry == nullptr || chown(folder_.path().c_str(), entry->pw_uid, entry->pw_gid) != 0) {
        return;
      }
    }
    const Outcome made = run({find_program("initdb"), "-D", folder_ / "data", "-A", "trust", "-U", "ringway",
                              "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C"},
                             kPatience * 2, user_);
    EXPECT_EQ(made.status, 0) << made.err;
    write_file(folder_ / "log", "");
    process_ = std::make_unique<Process>(
        ProcessOptions{.argv = {find_program("postgres"), "-D", folder_ / "data", "-c",
                                "listen_addresses=" + address_.ip().to_string(), "-p", std::to_string(address_.port()),
                                "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=40"},
                       .environment = {},
                       .out = folder_ / "log",
                       .err = folder_ / "log",
                       .folder = folder_.path(),
                       .user = user_});
  }
  ~Postgres() {
    if (process_) {
      process_->signal(SIGQUIT);
      process_->wait();
    }
  }

  [[nodiscard]] const SocketAddress& address() const { return address_; }
  [[nodiscard]] bool ready() const { return answers(address_); }
  [[nodiscard]] std::string log() const { return read_file(folder_ / "log"); }

 private:
  TemporaryFolder folder_;
  SocketAddress address_ = free_endpoint();
  std::optional<std::string> user_;
  std::unique_ptr<Process> process_;
};

TEST(ProtocolsTest, postgresql_with_psql_and_pgbench) {
  NEEDS("initdb");
  NEEDS("psql");
  NEEDS("pgbench");
  const auto vip = next_vip();
  Postgres postgres;
  ASSERT_TRUE(wait_until([&] { return postgres.ready(); })) << postgres.log();
  const Daemon daemon({.config = documents({{.name = "db", .vip = vip, .endpoints = {postgres.address()}}})});
  const std::vector<std::string> to = {"-h", vip.ip().to_string(), "-p", std::to_string(vip.port()), "-U", "ringway"};
  const auto client = [&](const std::string& program, std::vector<std::string> arguments) {
    std::vector<std::string> argv = {find_program(program)};
    argv.insert(argv.end(), to.begin(), to.end());
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run(argv, kPatience * 2);
  };
  Outcome sum;
  EXPECT_TRUE(wait_until([&] {
    sum = client("psql", {"-Atqc", "select sum(length(repeat('x', n))) from generate_series(1, 2000) n", "postgres"});
    return sum.status == 0;
  })) << sum.err
      << postgres.log();
  EXPECT_EQ(sum.out, "2001000\n");
  const Outcome large = client("psql", {"-Atqc", "select repeat('y', 3000000)", "postgres"});
  EXPECT_EQ(large.out, std::string(3'000'000, 'y') + "\n") << large.err;
  const Outcome initialised = client("pgbench", {"-i", "-q", "-s", "1", "postgres"});
  EXPECT_EQ(initialised.status, 0) << initialised.err;
  const Outcome bench = client("pgbench", {"-n", "-c", "8", "-j", "1", "-t", "50", "postgres"});
  EXPECT_EQ(bench.status, 0) << bench.err;
  EXPECT_THAT(bench.out, HasSubstr("number of transactions actually processed: 400/400"));
  const Outcome reconnecting = client("pgbench", {"-n", "-S", "-C", "-c", "4", "-j", "1", "-t", "20", "postgres"});
  EXPECT_EQ(reconnecting.status, 0) << reconnecting.err;
  EXPECT_THAT(reconnecting.out, HasSubstr("actually processed: 80/80"));
}

TEST(ProtocolsTest, ssh_where_the_server_speaks_first) {
  NEEDS("dropbear");
  NEEDS("dropbearkey");
  NEEDS("ssh-keyscan");
  const auto vip = next_vip();
  const auto endpoint = free_endpoint();
  const TemporaryFolder folder;
  const Outcome key = run({"dropbearkey", "-t", "ed25519", "-f", folder / "key"});
  ASSERT_EQ(key.status, 0) << key.err;
  Process server(
      {.argv = {"dropbear", "-F", "-E", "-r", folder / "key", "-p", endpoint.to_string(), "-P", folder / "pid"},
       .environment = {},
       .out = folder / "log",
       .err = folder / "log",
       .folder = {},
       .user = {}});
  ASSERT_TRUE(wait_until([&] { return answers(endpoint); })) << read_file(folder / "log");
  const Daemon daemon({.config = documents({{.name = "ssh", .vip = vip, .endpoints = {endpoint}}})});
  TcpClient reader(vip);
  EXPECT_EQ(reader.receive(8), "SSH-2.0-") << "without a word from the client";
  const Outcome scanned = run({"ssh-keyscan", "-t", "ed25519", "-p", std::to_string(vip.port()), vip.ip().to_string()});
  const auto begin = key.out.find("ssh-ed25519 ");
  const std::string public_key = key.out.substr(begin, key.out.find(' ', begin + 12) - begin);
  EXPECT_THAT(scanned.out, HasSubstr(public_key)) << scanned.err;
}

}  // namespace
}  // namespace ringway::test
