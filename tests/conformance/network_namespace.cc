#include "tests/conformance/network_namespace.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/harness/own_namespace.h"
#include "tests/harness/places.h"
#include "tests/harness/process.h"

namespace ringway::test {

Fd current_namespace() {
  return Fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

NetworkNamespace::NetworkNamespace() {
  const Fd home = current_namespace();
  EXPECT_EQ(unshare(CLONE_NEWNET), 0) << strerror(errno);
  EXPECT_TRUE(set_up("lo", true)) << strerror(errno);
  fd_ = current_namespace();
  EXPECT_EQ(setns(home.get(), CLONE_NEWNET), 0) << strerror(errno);
}

std::string NetworkNamespace::path() const {
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd());
}

void NetworkNamespace::ip(const std::vector<std::string>& lines) const {
  const Inside here(*this);
  const TemporaryFolder folder;
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  write_file(folder / "batch", text);
  const Outcome outcome = run({"ip", "-batch", folder / "batch"});
  EXPECT_EQ(outcome.status, 0) << text << outcome.err;
}

void NetworkNamespace::sysctl(const std::string& name, const std::string& value) const {
  const Inside here(*this);
  write_file("/proc/sys/net/" + name, value);
}

Inside::Inside(const NetworkNamespace& where) : home_(current_namespace()) {
  EXPECT_EQ(setns(where.fd(), CLONE_NEWNET), 0) << strerror(errno);
}

Inside::~Inside() {
  EXPECT_EQ(setns(home_.get(), CLONE_NEWNET), 0) << strerror(errno);
}

}  // namespace ringway::test
