#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/harness/daemon.h"
#include "tests/harness/http.h"
#include "tests/harness/process.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// PROXY headers to and from HAProxy, in both versions.
namespace ringway::test {
namespace {

using ::testing::HasSubstr;

#define NEEDS(program)                                            \
  if (find_program(program).empty()) {                            \
    GTEST_SKIP() << program << " is not installed (./dev setup)"; \
  }

SocketAddress free_place() {
  return EchoServer({.at = {}}).address();
}

/// client -> HAProxy -> Ringway -> HAProxy, which answers with whom it takes for the client.
struct Chain {
  explicit Chain(const std::string& version)
      : daemon({.config = documents({{.vip = vip,
                                      .endpoints = {back},
                                      .policy = "{proxyProtocol: {send: " + version +
                                                ", trustedSources: [127.0.0.0/8], timeout: 2s}}"}}),
                .spec_lines = {"log: {accessLog: on}"}}) {
    const std::string options = version == "v1" ? "send-proxy" : "send-proxy-v2 proxy-v2-options crc32c,unique-id";
    write_file(folder / "haproxy.cfg",
               "defaults\n  mode tcp\n  timeout connect 2s\n  timeout client 10s\n  timeout server 10s\n"
               "listen front\n  bind " +
                   front.to_string() + "\n  unique-id-format %[uuid()]\n  server ringway " + vip.to_string() + " " +
                   options + "\nfrontend back\n  mode http\n  bind " + back.to_string() +
                   " accept-proxy\n  http-request return status 200 content-type text/plain lf-string "
                   "\"%[src]:%[src_port] to %[dst]:%[dst_port]\"\n");
    haproxy.emplace(ProcessOptions{.argv = {find_program("haproxy"), "-db", "-f", folder / "haproxy.cfg"},
                                   .out = folder / "haproxy.log",
                                   .err = folder / "haproxy.log"});
  }

  SocketAddress vip = next_vip();
  SocketAddress front = free_place();
  SocketAddress back = free_place();
  TemporaryFolder folder;
  Daemon daemon;
  std::optional<Process> haproxy;
};

TEST(ProxyProtocolTest, haproxy_understands_us_and_we_haproxy) {
  NEEDS("haproxy");
  for (const std::string version : {"v1", "v2"}) {
    Chain chain(version);
    ASSERT_TRUE(wait_until([&] { return TcpClient(chain.back).connected() && TcpClient(chain.front).connected(); }));
    TcpClient client(chain.front);
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    const std::string answer = client.receive_all();
    client.finish();
    EXPECT_THAT(answer, HasSubstr(client.local().to_string() + " to " + chain.front.to_string())) << version;
    EXPECT_TRUE(wait_until([&] { return chain.daemon.log().find(client.local().to_string()) != std::string::npos; }))
        << "the access log names the client";
  }
}

}  // namespace
}  // namespace ringway::test
