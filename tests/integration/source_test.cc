#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <set>
#include <utility>

#include "proxy/address/reply_marker.h"
#include "tests/harness/daemon.h"
#include "tests/harness/services.h"
#include "tests/harness/tcp_client.h"

/// Where upstream connections come from: `policy.source`, as the upstream sees it.
namespace ringway::test {
namespace {

using ::testing::Values;

/// A listener that tells who came.
class Upstream {
 public:
  explicit Upstream(const IpAddress& ip) {
    sockaddr_storage storage{};
    socklen_t length = SocketAddress(ip, 0).fill(storage);
    listener_ = Fd(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<const sockaddr*>(&storage), length), 0);
    EXPECT_EQ(listen(listener_.get(), 64), 0);
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&storage), &length);
    address_ = SocketAddress::from(storage);
  }

  [[nodiscard]] const SocketAddress& address() const { return address_; }

  /// The next one; it is kept until `drop`.
  SocketAddress accept() {
    pollfd ready{.fd = listener_.get(), .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, static_cast<int>(kPatience.count())) != 1) {
      ADD_FAILURE() << "nobody came";
      return {};
    }
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    kept_.emplace_back(accept4(listener_.get(), reinterpret_cast<sockaddr*>(&storage), &length, SOCK_CLOEXEC));
    return SocketAddress::from(storage);
  }
  void say(const std::string& text) const { ::send(kept_.back().get(), text.data(), text.size(), MSG_NOSIGNAL); }
  void drop() { kept_.clear(); }

 private:
  Fd listener_;
  SocketAddress address_;
  std::vector<Fd> kept_;
};

class SourceTest : public ::testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] DaemonOptions options(const std::string& config) const {
    return {.config = config, .spec_lines = {std::string("engine: ") + GetParam(), "workers: 1"}};
  }
  [[nodiscard]] static ServiceSpec service(const Upstream& upstream, const std::string& policy) {
    return {.vip = next_vip(), .endpoints = {upstream.address()}, .policy = policy};
  }
};

TEST_P(SourceTest, addresses_take_turns) {
  Upstream upstream(next_endpoint_ip());
  const ServiceSpec web = service(upstream, "{source: {addresses: [127.3.0.1, 127.3.0.2]}}");
  const Daemon daemon(options(web.yaml()));
  std::set<std::string> seen;
  for (int i = 0; i < 32; ++i) {
    const TcpClient client(web.vip);
    seen.insert(upstream.accept().ip().to_string());
  }
  EXPECT_THAT(seen, ::testing::ElementsAre("127.3.0.1", "127.3.0.2"));
}

/// Below and within the range that the kernel chooses from: searched by us, and by it.
TEST_P(SourceTest, ports_are_used_up_before_a_client_is_refused) {
  Upstream upstream(next_endpoint_ip());
  for (const int first : {20'000, 40'000}) {
    const std::string last = std::to_string(first + 3);
    const ServiceSpec web = service(upstream, "{connect: {attempts: 1}, source: {addresses: [127.3.0.3], ports: '" +
                                                  std::to_string(first) + "-" + last + "'}}");
    Daemon daemon(options(web.yaml()));
    std::vector<TcpClient> clients;
    std::set<int> ports;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back(web.vip);
      ports.insert(upstream.accept().port());
    }
    EXPECT_THAT(ports, ::testing::ElementsAre(first, first + 1, first + 2, first + 3));
    TcpClient refused(web.vip);
    EXPECT_EQ(refused.receive_all(), "");
    EXPECT_NE(refused.ending(), Ending::kTimeout);
    EXPECT_TRUE(wait_until([&] { return daemon.metric("ringway_rejected_total", {{"reason", "sourcePorts"}}) == 1; }));
    EXPECT_EQ(daemon.metric("ringway_connect_failures_total", {{"reason", "sourcePorts"}}), 1);
    EXPECT_TRUE(wait_until([&] { return daemon.log().find("1 sourcePorts") != std::string::npos; }));
    upstream.drop();
  }
}

TEST_P(SourceTest, a_port_serves_several_endpoints) {
  Upstream one(next_endpoint_ip());
  Upstream two(next_endpoint_ip());
  ServiceSpec web = service(one, "{balancer: roundRobin, source: {ports: '20010-20010'}}");
  web.endpoints.push_back(two.address());
  const Daemon daemon(options(web.yaml()));
  const TcpClient first(web.vip);
  const TcpClient second(web.vip);
  EXPECT_EQ(one.accept().port(), 20'010);
  EXPECT_EQ(two.accept().port(), 20'010);
}

TEST_P(SourceTest, an_address_that_is_not_ours_is_told) {
  const Upstream upstream(next_endpoint_ip());
  const ServiceSpec web = service(upstream, "{source: {addresses: [10.255.255.1]}}");
  const Daemon daemon(options(web.yaml()));
  TcpClient refused(web.vip);
  EXPECT_EQ(refused.receive_all(), "");
  EXPECT_TRUE(wait_until([&] { return daemon.metric("ringway_rejected_total", {{"reason", "sourceAddress"}}) == 1; }));
}

INSTANTIATE_TEST_SUITE_P(Engines, SourceTest, Values("io_uring", "epoll"));

/// A client, a proxy and a server in namespaces of their own: the client and the server reach each other through that
/// of the proxy alone, which forwards nothing.
class TransparentSourceTest : public SourceTest {
 protected:
  void SetUp() override {
    if (geteuid() != 0 || find_program("ip").empty()) {
      GTEST_SKIP() << "needs root and iproute2";
    }
    if (!proxy::ReplyMarker::built_in()) {
      GTEST_SKIP() << "this build has no libnftables (./dev setup)";
    }
    home_ = Fd(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    for (const std::string& name : {client_, proxy_, server_}) {
      ip({"netns", "add", name});
      ip({"-n", name, "link", "set", "lo", "up"});
      enter(name);
      // Who has another's address as source asks for a neighbour by its link-local address, and has none meanwhile.
      write_file("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
    }
    join(client_, "c0", 1);
    join(server_, "s0", 2);
    enter(server_);
  }
  void TearDown() override {
    if (home_) {
      setns(home_.get(), CLONE_NEWNET);
      for (const std::string& name : {client_, proxy_, server_}) {
        ip({"netns", "del", name});
      }
    }
  }

  static void ip(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ip");
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  }
  static void enter(const std::string& name) {
    const Fd where(open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(setns(where.get(), CLONE_NEWNET), 0);
  }
  /// A cable between `name` and the proxy, in 10.78.NET.0/24 and fd78:NET::/64, where the proxy is .1 and the other .2.
  void join(const std::string& name, const std::string& interface, int net) const {
    const std::string four = "10.78." + std::to_string(net) + ".";
    const std::string six = "fd78:" + std::to_string(net) + "::";
    const std::string near = "p" + std::to_string(net);
    ip({"-n", proxy_, "link", "add", near, "type", "veth", "peer", "name", interface, "netns", name});
    for (const auto& [ns, dev, host] : {std::tuple(proxy_, near, "1"), std::tuple(name, interface, "2")}) {
      ip({"-n", ns, "addr", "add", four + host + "/24", "dev", dev});
      ip({"-n", ns, "addr", "add", six + host + "/64", "dev", dev, "nodad"});
      ip({"-n", ns, "link", "set", dev, "up"});
    }
    ip({"-n", name, "route", "add", "default", "via", four + "1"});
    ip({"-n", name, "-6", "route", "add", "default", "via", six + "1"});
  }
  /// What the routing of the proxy's namespace consists of.
  [[nodiscard]] static std::string routing() {
    return run({"ip", "rule"}).out + run({"ip", "-6", "rule"}).out + run({"ip", "route", "show", "table", "8192"}).out +
           run({"ip", "-6", "route", "show", "table", "8192"}).out + run({"nft", "list", "ruleset"}).out;
  }

  const std::string client_ = "ringway-client-" + std::to_string(getpid());
  const std::string proxy_ = "ringway-proxy-" + std::to_string(getpid());
  const std::string server_ = "ringway-server-" + std::to_string(getpid());
  Fd home_;
};

TEST_P(TransparentSourceTest, the_server_sees_the_client) {
  Upstream four(IpAddress::parse("10.78.2.2").value());
  Upstream six(IpAddress::parse("fd78:2::2").value());
  const ServiceSpec web4{.name = "four",
                         .vip = SocketAddress::parse("10.77.0.10:80").value(),
                         .endpoints = {four.address()},
                         .policy = "{source: transparent}"};
  const ServiceSpec web6{.name = "six",
                         .vip = SocketAddress::parse("[fd77::10]:80").value(),
                         .endpoints = {six.address()},
                         .policy = "{source: transparent}"};
  enter(proxy_);
  const std::string before = routing();
  Daemon daemon(options(documents({web4, web6})));
  enter(client_);
  for (const auto& [web, upstream, client_ip] :
       {std::tuple(&web4, &four, "10.78.1.2"), std::tuple(&web6, &six, "fd78:1::2")}) {
    TcpClient client(web->vip);
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(upstream->accept().ip().to_string(), client_ip);
    upstream->say("hello");
    EXPECT_EQ(client.receive(5), "hello");
    client.close();
    upstream->drop();
  }
  enter(proxy_);
  EXPECT_NE(routing(), before);
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(routing(), before);
}

TEST_P(TransparentSourceTest, nothing_is_left_by_a_killed_daemon_after_the_next_start) {
  const Upstream upstream(IpAddress::parse("10.78.2.2").value());
  ServiceSpec web{.vip = SocketAddress::parse("10.77.0.10:80").value(),
                  .endpoints = {upstream.address()},
                  .policy = "{source: transparent}"};
  enter(proxy_);
  const std::string before = routing();
  Daemon daemon(options(web.yaml()));
  daemon.kill();
  EXPECT_NE(routing(), before);
  web.policy = "{}";
  daemon.write_config(web.yaml());
  daemon.start();
  EXPECT_EQ(routing(), before);
}

TEST_P(TransparentSourceTest, another_family_goes_by_the_kernels_choice_and_is_counted) {
  Upstream six(IpAddress::parse("fd78:2::2").value());
  const ServiceSpec web{.vip = SocketAddress::parse("10.77.0.10:80").value(),
                        .endpoints = {six.address()},
                        .policy = "{source: transparent}"};
  enter(proxy_);
  const Daemon daemon(options(web.yaml()));
  enter(client_);
  const TcpClient client(web.vip);
  EXPECT_EQ(six.accept().ip().to_string(), "fd78:2::1");
  EXPECT_EQ(daemon.metric("ringway_source_unmatched_total"), 1);
}

TEST_P(TransparentSourceTest, a_reload_sets_it_up) {
  Upstream upstream(IpAddress::parse("10.78.2.2").value());
  ServiceSpec web{.vip = SocketAddress::parse("10.77.0.10:80").value(), .endpoints = {upstream.address()}};
  enter(proxy_);
  Daemon daemon(options(web.yaml()));
  web.policy = "{source: transparent}";
  daemon.reconfigure(web.yaml());
  enter(client_);
  const TcpClient client(web.vip);
  EXPECT_EQ(upstream.accept().ip().to_string(), "10.78.1.2");
}

INSTANTIATE_TEST_SUITE_P(Engines, TransparentSourceTest, Values("io_uring", "epoll"));

}  // namespace
}  // namespace ringway::test
