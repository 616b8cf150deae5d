#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "tests/harness/daemon.h"
#include "tests/harness/own_namespace.h"

/// A cluster under a name, and a DNS server that takes questions and never answers, in namespaces of our own.
namespace ringway::test {
namespace {

class DeadDnsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string hindrance = enter_own_namespace(); !hindrance.empty()) {
      GTEST_SKIP() << "no network namespace of our own: " << hindrance;
    }
    write_file(folder_ / "resolv.conf", "nameserver 127.0.0.53\noptions timeout:30 attempts:5\n");
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount((folder_ / "resolv.conf").c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) != 0) {
      GTEST_SKIP() << "no mount namespace of our own: " << strerror(errno);
    }
    dns_ = Fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_storage storage{};
    const socklen_t length = SocketAddress(IpAddress::parse("127.0.0.53").value(), 53).fill(storage);
    ASSERT_EQ(bind(dns_.get(), reinterpret_cast<const sockaddr*>(&storage), length), 0) << strerror(errno);
    write_file(folder_ / "kubeconfig",
               "apiVersion: v1\nkind: Config\ncurrent-context: it\n"
               "clusters: [{name: it, cluster: {server: 'http://api.cluster.example:6443'}}]\n"
               "users: [{name: it, user: {token: let-me-in}}]\n"
               "contexts: [{name: it, context: {cluster: it, user: it}}]\n");
  }

  /// Whether a question has come.
  [[nodiscard]] bool asked() const {
    std::array<char, 512> question{};
    return recv(dns_.get(), question.data(), question.size(), 0) > 0;
  }

  TemporaryFolder folder_;
  Fd dns_;
};

TEST_F(DeadDnsTest, does_not_hold_up_the_end) {
  Daemon daemon({.spec_lines = {"node: {name: node-a}",
                                "discovery: {kubernetes: {kubeconfig: \"" + (folder_ / "kubeconfig") + "\"}}"},
                 .wait_ready = false});
  ASSERT_TRUE(wait_until([&] { return asked(); })) << daemon.log();
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringway::test
