#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "tests/ring/ring_fixture.h"

namespace ringway::proxy {
namespace {

using std::chrono::seconds;

TEST(TokenTest, packs_and_unpacks) {
  const Token token{.operation = 200, .generation = 0xabcdef, .slot = 0xfedcba98};
  const Token back = Token::unpack(token.pack());
  EXPECT_EQ(back.operation, token.operation);
  EXPECT_EQ(back.generation, token.generation);
  EXPECT_EQ(back.slot, token.slot);
}

TEST_P(RingTest, sends_and_receives) {
  const std::string text = "hello";
  ring_->receive(pair_[1], token(1), true);
  ring_->send(pair_[0], bytes_of(text), token(2));
  ASSERT_TRUE(completed(1));
  EXPECT_EQ(results_[1], std::vector<std::int32_t>{5});
  EXPECT_EQ(results_[2], std::vector<std::int32_t>{5});
  EXPECT_EQ(received_, text);
}

TEST_P(RingTest, a_cancelled_operation_completes) {
  ring_->receive(pair_[1], token(1), false);
  ring_->run_once(std::chrono::steady_clock::now(), *this);
  ring_->cancel(pair_[1]);
  ASSERT_TRUE(completed(1));
  EXPECT_EQ(results_[1], std::vector<std::int32_t>{-ECANCELED});
}

TEST_P(RingTest, the_wait_ends_at_the_deadline) {
  const Time deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  ring_->run_once(deadline, *this);
  EXPECT_GE(ring_->now(), deadline - std::chrono::milliseconds(1));
  EXPECT_TRUE(results_.empty());
}

TEST_P(RingTest, a_wait_looks_for_work_as_long_as_it_is_told_to) {
  const auto cpu = [] {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  };
  const auto wait = [&] {
    const auto before = cpu();
    ring_->run_once(std::chrono::steady_clock::now() + std::chrono::milliseconds(60), *this);
    return cpu() - before;
  };
  const auto asleep = wait();
  open({.busy_poll = std::chrono::milliseconds(50)});
  EXPECT_GT(wait(), asleep + std::chrono::milliseconds(2));
  ASSERT_EQ(write(pair_[0], "x", 1), 1);
  ring_->receive(pair_[1], token(1), false);
  EXPECT_TRUE(completed(1));
}

TEST_P(RingTest, a_pipe_carries_what_has_come_and_tells_the_end) {
  Pipe pipe;
  ASSERT_TRUE(ring_->take_pipe(pipe));
  EXPECT_EQ(ring_->fill(pipe, pair_[1], 100), -EAGAIN);
  ASSERT_EQ(write(pair_[0], "hello", 5), 5);
  EXPECT_EQ(ring_->fill(pipe, pair_[1], 3), 3);
  EXPECT_EQ(pipe.held, 3);
  EXPECT_EQ(ring_->drain(pipe, pair_[1]), 3);
  EXPECT_EQ(pipe.held, 0);
  std::array<char, 8> got{};
  EXPECT_EQ(read(pair_[0], got.data(), got.size()), 3);
  EXPECT_EQ(std::string(got.data(), 3), "hel");
  EXPECT_EQ(ring_->fill(pipe, pair_[1], 100), 2);
  shutdown(pair_[0], SHUT_WR);
  EXPECT_EQ(ring_->drain(pipe, pair_[1]), 2);
  EXPECT_EQ(ring_->fill(pipe, pair_[1], 100), 0);
  ring_->return_pipe(pipe);
  EXPECT_TRUE(pipe.none());
}

TEST_P(RingTest, a_pipe_waits_for_room_and_is_told_of_it) {
  while (write(pair_[1], std::string(4096, 'x').data(), 4096) > 0) {
  }
  ASSERT_EQ(write(pair_[0], "hello", 5), 5);
  Pipe pipe;
  ASSERT_TRUE(ring_->take_pipe(pipe));
  ASSERT_EQ(ring_->fill(pipe, pair_[1], 100), 5);
  EXPECT_EQ(ring_->drain(pipe, pair_[1]), -EAGAIN);
  EXPECT_EQ(pipe.held, 5);
  ring_->await(pair_[1], Readiness::kWritable, token(1));
  ring_->run_once(std::chrono::steady_clock::now(), *this);
  EXPECT_TRUE(results_[1].empty());
  std::array<char, 65536> taken{};
  while (read(pair_[0], taken.data(), taken.size()) > 0) {
  }
  ASSERT_TRUE(completed(1));
  EXPECT_EQ(ring_->drain(pipe, pair_[1]), 5);
  ring_->return_pipe(pipe);
}

TEST_P(RingTest, a_pipe_given_back_with_data_in_it_is_never_lent_again) {
  ASSERT_EQ(write(pair_[0], "old", 3), 3);
  Pipe pipe;
  ASSERT_TRUE(ring_->take_pipe(pipe));
  ASSERT_EQ(ring_->fill(pipe, pair_[1], 100), 3);
  ring_->return_pipe(pipe);
  ASSERT_TRUE(ring_->take_pipe(pipe));
  ASSERT_EQ(write(pair_[0], "new", 3), 3);
  ASSERT_EQ(ring_->fill(pipe, pair_[1], 100), 3);
  EXPECT_EQ(ring_->drain(pipe, pair_[1]), 3);
  std::array<char, 8> got{};
  EXPECT_EQ(read(pair_[0], got.data(), got.size()), 3);
  EXPECT_EQ(std::string(got.data(), 3), "new");
  ring_->return_pipe(pipe);
}

TEST_P(RingTest, no_pipe_is_lent_beyond_the_limit) {
  open({.pipe_count = 1});
  Pipe first;
  Pipe second;
  ASSERT_TRUE(ring_->take_pipe(first));
  EXPECT_FALSE(ring_->take_pipe(second));
  ring_->return_pipe(first);
  EXPECT_TRUE(ring_->take_pipe(second));
  ring_->return_pipe(second);
}

TEST_P(RingTest, sockets_that_splice_may_use_do_not_block) {
  const int fd = ring_->open_stream(AF_INET);
  EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  ring_->close(fd);
}

TEST_P(RingTest, a_wait_that_epoll_refuses_ends) {
  const int file = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  // An ordinary file is always ready, and epoll takes none (epoll_ctl(2), EPERM).
  ring_->await(file, Readiness::kWritable, token(1));
  EXPECT_TRUE(completed(1));
  ring_->watch_readable(file, token(2));
  EXPECT_TRUE(completed(2));
  ring_.reset();
  close(file);
}

TEST_P(RingTest, survives_more_operations_than_the_submission_queue_holds) {
  open({.submission_entries = 8, .completion_entries = 64});
  std::vector<std::array<int, 2>> pairs(100);
  for (std::uint32_t slot = 0; slot < pairs.size(); ++slot) {
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[slot].data()), 0);
    ring_->receive(pairs[slot][1], token(slot + 1), true);
  }
  for (const auto& each : pairs) {
    ASSERT_EQ(write(each[0], "x", 1), 1);
  }
  for (std::uint32_t slot = 0; slot < pairs.size(); ++slot) {
    EXPECT_TRUE(completed(slot + 1));
    ring_->close(pairs[slot][1]);
    close(pairs[slot][0]);
  }
}

TEST_P(RingTest, many_connects_in_one_batch_reach_their_own_addresses) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage storage{};
  SocketAddress(IpAddress::v4(0x7f000001), 0).fill(storage);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&storage), sizeof(sockaddr_in)), 0);
  ASSERT_EQ(listen(listener, 1024), 0);
  socklen_t length = sizeof storage;
  getsockname(listener, reinterpret_cast<sockaddr*>(&storage), &length);
  const std::uint16_t port = SocketAddress::from(storage).port();

  // Every second address has nobody listening.
  std::vector<int> fds;
  for (std::uint32_t slot = 1; slot <= 600; ++slot) {
    fds.push_back(ring_->open_stream(AF_INET));
    ring_->connect(fds.back(), SocketAddress(IpAddress::v4(0x7f000001 + slot % 2), port), token(slot));
  }
  for (std::uint32_t slot = 1; slot <= 600; ++slot) {
    ASSERT_TRUE(completed(slot));
    EXPECT_EQ(results_[slot], std::vector<std::int32_t>{slot % 2 == 0 ? 0 : -ECONNREFUSED});
    ring_->close(fds[slot - 1]);
  }
  close(listener);
}

TEST_P(RingTest, a_listener_has_the_backlog_of_the_options) {
  ring_.reset();
  open({.backlog = 7});
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage storage{};
  const SocketAddress address(IpAddress::v4(INADDR_LOOPBACK), 0);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&storage), address.fill(storage)), 0);
  ASSERT_TRUE(ring_->listen(listener, address));
  tcp_info info{};
  socklen_t length = sizeof info;
  ASSERT_EQ(getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
  EXPECT_EQ(info.tcpi_sacked, 7U) << "which is the length of the queue where a socket listens (tcp_get_info in Linux)";
  close(listener);
}

INSTANTIATE_TEST_SUITE_P(Engines, RingTest, testing::Values(Engine::kIoUring, Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::proxy
