#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "tests/ring/ring_fixture.h"

namespace ringway::proxy {
namespace {

using std::chrono::seconds;

using RingBuffersTest = RingTest;

TEST_P(RingBuffersTest, receives_wait_while_all_buffers_are_held) {
  open({.buffer_count = 2, .buffer_bytes = 4});
  release_at_once_ = false;
  ASSERT_EQ(write(pair_[0], "aaaabbbbcccc", 12), 12);
  for (std::uint32_t slot = 1; slot <= 2; ++slot) {
    ring_->receive(pair_[1], token(slot), false);
    ASSERT_TRUE(completed(slot));
    EXPECT_TRUE(held_.back().full);
  }
  ring_->receive(pair_[1], token(3), false);
  ring_->run_once(std::chrono::steady_clock::now(), *this);
  EXPECT_TRUE(results_[3].empty());
  EXPECT_EQ(exhausted_.get(), 1);

  ring_->release(held_.back());
  held_.pop_back();
  ASSERT_TRUE(completed(3));
  EXPECT_EQ(received_, "aaaabbbbcccc");
}

TEST_P(RingBuffersTest, a_receive_that_waits_for_a_buffer_can_be_cancelled) {
  open({.buffer_count = 1, .buffer_bytes = 4});
  release_at_once_ = false;
  ASSERT_EQ(write(pair_[0], "aaaabbbb", 8), 8);
  ring_->receive(pair_[1], token(1), false);
  ASSERT_TRUE(completed(1));
  ring_->receive(pair_[1], token(2), false);
  ring_->cancel(pair_[1]);
  ASSERT_TRUE(completed(2));
  EXPECT_EQ(results_[2], std::vector<std::int32_t>{-ECANCELED});
}

TEST_P(RingBuffersTest, a_buffer_goes_past_those_who_wait_no_longer) {
  open({.buffer_count = 1, .buffer_bytes = 4});
  release_at_once_ = false;
  std::array<int, 2> gone{-1, -1};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, gone.data()), 0);
  ASSERT_EQ(write(pair_[0], "aaaabbbb", 8), 8);
  ASSERT_EQ(write(gone[0], "cccc", 4), 4);
  ring_->receive(pair_[1], token(1), false);
  ASSERT_TRUE(completed(1));
  ring_->receive(gone[1], token(2), false);
  ring_->receive(pair_[1], token(3), false);
  ring_->run_once(std::chrono::steady_clock::now(), *this);
  ring_->cancel(gone[1]);
  ASSERT_TRUE(completed(2));

  ring_->release(held_.back());
  held_.pop_back();
  ring_->run_once(std::chrono::steady_clock::now() + seconds(10), *this);
  EXPECT_EQ(results_[3], std::vector<std::int32_t>{4});
  close(gone[0]);
  close(gone[1]);
}

TEST_P(RingBuffersTest, one_buffer_wakes_one_of_those_who_wait) {
  constexpr std::uint32_t kWaiting = 20;
  open({.buffer_count = 1, .buffer_bytes = 4});
  release_at_once_ = false;
  std::vector<std::array<int, 2>> pairs(kWaiting);
  ASSERT_EQ(write(pair_[0], "aaaa", 4), 4);
  ring_->receive(pair_[1], token(kWaiting), false);
  ASSERT_TRUE(completed(kWaiting));
  for (std::uint32_t slot = 0; slot < kWaiting; ++slot) {
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[slot].data()), 0);
    ASSERT_EQ(write(pairs[slot][0], "bbbb", 4), 4);
    ring_->receive(pairs[slot][1], token(slot), false);
  }
  ring_->run_once(std::chrono::steady_clock::now(), *this);
  EXPECT_EQ(exhausted_.get(), kWaiting);

  ring_->release(held_.back());
  held_.pop_back();
  ASSERT_TRUE(completed(0));
  for (std::uint32_t slot = 1; slot < kWaiting; ++slot) {
    EXPECT_TRUE(results_[slot].empty()) << "slot " << slot;
  }
  EXPECT_EQ(exhausted_.get(), kWaiting);
  for (const auto& [here, there] : pairs) {
    close(here);
    close(there);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, RingBuffersTest, testing::Values(Engine::kIoUring, Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::proxy
