#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "tests/ring/ring_fixture.h"

namespace ringway::proxy {
namespace {

using RingUrgentDataTest = RingTest;

/// Whose second end gets what the first one sends out of band, too.
std::array<int, 2> tcp_pair() {
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t length = sizeof(address);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bind(listener, reinterpret_cast<const sockaddr*>(&address), length);
  listen(listener, 1);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  const int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  connect(one, reinterpret_cast<const sockaddr*>(&address), length);
  const int other = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  close(listener);
  return {one, other};
}

TEST_P(RingUrgentDataTest, a_receive_goes_on_behind_urgent_data) {
  const auto [one, other] = tcp_pair();
  ring_->receive(other, token(1), true);
  ring_->run_once(std::chrono::steady_clock::now(), *this);
  ASSERT_EQ(send(one, "before", 6, 0), 6);
  ASSERT_EQ(send(one, "!", 1, MSG_OOB), 1);
  ASSERT_EQ(send(one, "behind", 6, 0), 6);
  ASSERT_TRUE(completed(1));
  EXPECT_EQ(received_, "before");
  ring_->receive(other, token(2), true);
  ASSERT_TRUE(completed(2));
  EXPECT_EQ(received_, "beforebehind");
  ring_.reset();
  close(one);
  close(other);
}

TEST_P(RingUrgentDataTest, a_pipe_is_told_of_the_mark_of_urgent_data) {
  const auto [one, other] = tcp_pair();
  Pipe pipe;
  ASSERT_TRUE(ring_->take_pipe(pipe));
  ASSERT_EQ(send(one, "!", 1, MSG_OOB), 1);
  ASSERT_EQ(send(one, "behind", 6, 0), 6);
  EXPECT_EQ(ring_->fill(pipe, other, 100), kAtUrgentMark);
  shutdown(one, SHUT_WR);
  EXPECT_EQ(ring_->fill(pipe, other, 100), kAtUrgentMark);
  ring_->receive(other, token(1), false);
  ASSERT_TRUE(completed(1));
  EXPECT_EQ(received_, "behind");
  EXPECT_EQ(ring_->fill(pipe, other, 100), 0);
  ring_->return_pipe(pipe);
  ring_.reset();
  close(one);
  close(other);
}

INSTANTIATE_TEST_SUITE_P(Engines, RingUrgentDataTest, testing::Values(Engine::kIoUring, Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::proxy
