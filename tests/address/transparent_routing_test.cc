#include "proxy/address/transparent_routing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "proxy/address/reply_marker.h"
#include "tests/harness/own_namespace.h"
#include "tests/harness/process.h"

namespace ringway::proxy {
namespace {

using ringway::test::enter_own_namespace;
using ringway::test::run;
using testing::HasSubstr;

/// All that the routing consists of, as iproute2 and nft tell it.
std::string all() {
  std::string text;
  for (const std::string family : {"-4", "-6"}) {
    text += run({"ip", family, "rule"}).out + run({"ip", family, "route", "show", "table", "all"}).out;
  }
  return text + run({"nft", "list", "tables"}).out;
}

class TransparentRoutingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string hindrance = enter_own_namespace(); !hindrance.empty()) {
      GTEST_SKIP() << "no network namespace of our own: " << hindrance;
    }
    if (!ReplyMarker::built_in()) {
      GTEST_SKIP() << "this build has no libnftables (./dev setup)";
    }
    before_ = all();
  }

  static TransparentRouting open(const TransparentNumbers& numbers = {}) {
    return std::move(TransparentRouting::open(numbers).value());
  }
  static std::string mistake(const Result<void>& result) { return result ? "" : result.error().context; }

  std::string before_;
};

TEST_F(TransparentRoutingTest, comes_and_goes_whole) {
  {
    TransparentRouting routing = open();
    EXPECT_EQ(all(), before_) << "nobody has asked yet";
    ASSERT_EQ(mistake(routing.ensure()), "");
    ASSERT_EQ(mistake(routing.ensure()), "") << "twice is once";
    EXPECT_TRUE(routing.active());
    const std::string rule = "1000:\tfrom all fwmark 0x2000/0x2000 lookup 8192";
    EXPECT_THAT(run({"ip", "-4", "rule"}).out, HasSubstr(rule));
    EXPECT_THAT(run({"ip", "-6", "rule"}).out, HasSubstr(rule));
    EXPECT_THAT(run({"ip", "-4", "route", "show", "table", "8192"}).out, HasSubstr("local default dev lo"));
    EXPECT_THAT(run({"ip", "-6", "route", "show", "table", "8192"}).out, HasSubstr("local default dev lo"));
    EXPECT_THAT(run({"nft", "list", "tables"}).out, HasSubstr("table inet ringway_transparent"));
  }
  EXPECT_EQ(all(), before_);
}

TEST_F(TransparentRoutingTest, has_the_numbers_that_were_asked_for) {
  TransparentRouting routing = open({.mark = 0x30, .table = 4'000'000'000, .priority = 77});
  ASSERT_EQ(mistake(routing.ensure()), "");
  EXPECT_THAT(run({"ip", "rule"}).out, HasSubstr("77:\tfrom all fwmark 0x30/0x30 lookup 4000000000"));
  routing.release();
  EXPECT_EQ(all(), before_);
}

TEST_F(TransparentRoutingTest, that_a_crash_left_goes_at_the_next_start_whatever_its_numbers) {
  const pid_t child = fork();
  if (child == 0) {
    TransparentRouting routing = open({.mark = 0x40, .table = 999, .priority = 99});
    _exit(routing.ensure() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  ASSERT_THAT(all(), HasSubstr("lookup 999"));
  const TransparentRouting next = open();
  EXPECT_EQ(all(), before_);
}

TEST_F(TransparentRoutingTest, of_a_daemon_that_runs_is_left_alone_and_not_shared) {
  TransparentRouting first = open();
  ASSERT_EQ(mistake(first.ensure()), "");
  const std::string with = all();
  TransparentRouting second = open({.mark = 0x80, .table = 500, .priority = 50});
  EXPECT_EQ(all(), with);
  EXPECT_THAT(mistake(second.ensure()), HasSubstr("another daemon in this network namespace has it"));
  EXPECT_EQ(all(), with);
  first.release();
  EXPECT_EQ(mistake(second.ensure()), "");
}

TEST_F(TransparentRoutingTest, that_meets_somebody_elses_leaves_it_alone) {
  ASSERT_EQ(run({"ip", "route", "add", "local", "default", "dev", "lo", "table", "8192"}).status, 0);
  const std::string theirs = all();
  TransparentRouting routing = open();
  EXPECT_THAT(mistake(routing.ensure()), HasSubstr("set others in spec.transparentSource"));
  EXPECT_EQ(all(), theirs);
}

TEST_F(TransparentRoutingTest, needs_a_right) {
  const pid_t child = fork();
  if (child == 0) {
    test::drop_capabilities();
    TransparentRouting routing = open();
    const auto refused = routing.ensure();
    _exit(!refused && refused.error().context.contains("CAP_NET_ADMIN") ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace ringway::proxy
