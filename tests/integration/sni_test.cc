#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/harness/daemon.h"
#include "tests/harness/process.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// TLS, passed through by server name, between OpenSSL's own programs.
namespace ringway::test {
namespace {

using ::testing::HasSubstr;

/// `openssl s_server` with a certificate for `name`.
class TlsServer {
 public:
  TlsServer(const TemporaryFolder& folder, const std::string& name, const SocketAddress& at) {
    const std::string file = folder / name;
    const Outcome made =
        run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
             file + ".key", "-out", file + ".crt", "-days", "2", "-subj", "/CN=" + name});
    EXPECT_EQ(made.status, 0) << made.err;
    server_ = std::make_unique<Process>(ProcessOptions{.argv = {"openssl", "s_server", "-accept", at.to_string(),
                                                                "-key", file + ".key", "-cert", file + ".crt", "-www"},
                                                       .out = file + ".log",
                                                       .err = file + ".log"});
    EXPECT_TRUE(wait_until([&] { return TcpClient(at).connected(); }));
  }

 private:
  std::unique_ptr<Process> server_;
};

class SniTest : public testing::Test {
 protected:
  void SetUp() override {
    if (find_program("openssl").empty()) {
      GTEST_SKIP() << "openssl is not installed (./dev setup)";
    }
    servers_.push_back(std::make_unique<TlsServer>(folder_, "own.example", own_));
    servers_.push_back(std::make_unique<TlsServer>(folder_, "shop.example", shop_));
  }

  [[nodiscard]] std::string config(const std::string& unmatched) const {
    const ServiceSpec service{.vip = vip_,
                              .endpoints = {own_, shop_},
                              .policy =
                                  "{selector: \"tier=own\", sni: {routes: [{names: [\"*.shop.example\", shop.example], "
                                  "selector: \"tier=shop\"}], unmatched: " +
                                  unmatched + "}}",
                              .labels = {"tier: own", "tier: shop"}};
    return documents({service});
  }
  /// The name of the server that answers a client who asks for `name`; else what OpenSSL said.
  [[nodiscard]] std::string served_by(const std::string& name) const {
    const std::string who = name.empty() ? "-noservername" : "-servername " + name;
    const Outcome outcome =
        run({"sh", "-c", "openssl s_client -connect " + vip_.to_string() + " " + who + " </dev/null 2>&1"});
    const std::size_t subject = outcome.out.find("subject=CN");
    if (subject == std::string::npos) {
      return outcome.out;
    }
    const std::size_t at = outcome.out.find_first_not_of(" =", subject + 10);  // OpenSSL 3.5 writes no blanks
    return outcome.out.substr(at, outcome.out.find('\n', at) - at);
  }
  static SocketAddress free_place() { return EchoServer({.at = {}}).address(); }

  TemporaryFolder folder_;
  SocketAddress vip_ = next_vip();
  SocketAddress own_ = free_place();
  SocketAddress shop_ = free_place();
  std::vector<std::unique_ptr<TlsServer>> servers_;
};

TEST_F(SniTest, clients_of_two_names_reach_two_servers_by_one_address) {
  const Daemon daemon({.config = config("default"), .spec_lines = {"log: {accessLog: on}"}});
  EXPECT_EQ(served_by("shop.example"), "shop.example");
  EXPECT_EQ(served_by("WWW.Shop.Example"), "shop.example");
  EXPECT_EQ(served_by("other.example"), "own.example");
  EXPECT_EQ(served_by(""), "own.example");
  EXPECT_EQ(daemon.metric("ringway_sni_sessions_total", {{"route", "*.shop.example"}}), 2);
  EXPECT_EQ(daemon.metric("ringway_sni_unrouted_total", {{"reason", "noRoute"}}), 1);
  EXPECT_EQ(daemon.metric("ringway_sni_unrouted_total", {{"reason", "noName"}}), 1);
  EXPECT_EQ(daemon.metric("ringway_endpoint_connections_total", {{"route", "*.shop.example"}}), 2);
  EXPECT_TRUE(wait_until([&] { return daemon.log().find("server_name=www.shop.example") != std::string::npos; }));
  const std::string described = daemon.cli({"describe", "service", "web"}).out;
  EXPECT_THAT(described, HasSubstr("*.shop.example,shop.example"));
  EXPECT_THAT(described, HasSubstr("1 noName, 1 noRoute"));
  EXPECT_THAT(described, HasSubstr("main/*.shop.example"));
  EXPECT_THAT(daemon.get("/api/v1/services").body, HasSubstr("\"name\":\"*.shop.example\""));
  EXPECT_THAT(daemon.get("/api/v1/endpoints").body, HasSubstr("\"route\":\"*.shop.example\""));
}

TEST_F(SniTest, other_names_are_refused_where_that_is_asked) {
  const Daemon daemon({.config = config("reject")});
  EXPECT_EQ(served_by("shop.example"), "shop.example");
  EXPECT_THAT(served_by("other.example"), HasSubstr("no peer certificate available"));
  EXPECT_TRUE(wait_until([&] { return daemon.metric("ringway_rejected_total", {{"reason", "serverName"}}) == 1; }));
}

}  // namespace
}  // namespace ringway::test
