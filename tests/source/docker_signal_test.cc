#include "discovery/source/docker_signal.h"

#include <gtest/gtest.h>

#include <csignal>

namespace ringway::discovery {
namespace {

TEST(DockerSignal, IsReadByNumberAndByName) {
  EXPECT_EQ(signal_number("15"), SIGTERM);
  EXPECT_EQ(signal_number("SIGTERM"), SIGTERM);
  EXPECT_EQ(signal_number("QUIT"), SIGQUIT);
  EXPECT_EQ(signal_number("SIGRTMIN"), 34);
  EXPECT_EQ(signal_number("SIGRTMIN+3"), 37);
  EXPECT_EQ(signal_number("RTMAX-2"), 62);
}

TEST(DockerSignal, OfNonsenseIsZero) {
  for (const auto* text : {"", "0", "-9", "65", "9x", "SIG", "TERMINATE", "SIGRTMIN+99", "99999999999"}) {
    EXPECT_EQ(signal_number(text), 0) << text;
  }
}

TEST(DockerSignal, StopsOnlyWhenMeantTo) {
  EXPECT_TRUE(is_stop_signal(SIGTERM, 0));
  EXPECT_TRUE(is_stop_signal(SIGKILL, 0));
  EXPECT_TRUE(is_stop_signal(SIGQUIT, 0));
  EXPECT_FALSE(is_stop_signal(SIGHUP, 0));
  EXPECT_FALSE(is_stop_signal(SIGUSR1, 0));
  EXPECT_TRUE(is_stop_signal(SIGUSR1, SIGUSR1));
  EXPECT_FALSE(is_stop_signal(0, 0));
}

TEST(DockerSignal, HasANameForPeople) {
  EXPECT_EQ(signal_name(SIGTERM), "SIGTERM");
  EXPECT_EQ(signal_name(37), "signal 37");
}

}  // namespace
}  // namespace ringway::discovery
