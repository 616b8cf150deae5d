#include "tests/proxy/data_plane_fixture.h"

#include <sys/socket.h>

#include <optional>
#include <string>

namespace ringway::test {
namespace {

/// What a client says out of band (tcp(7), MSG_OOB) reaches no server, and stands in nobody's way.
class UrgentDataTest : public DataPlaneTest {
 protected:
  /// Connects and sends until what it sends is spliced, and it has come back.
  void stream() {
    start();
    serve({echo_.address()});
    client_.emplace(vip_);
    for (int turn = 0; turn < 100 && worker_sum(&proxy::WorkerCounters::relay_splice_bytes) == 0; ++turn) {
      ASSERT_TRUE(client_->send(part_));
      ASSERT_EQ(client_->receive(part_.size()), part_);
    }
    ASSERT_GT(worker_sum(&proxy::WorkerCounters::relay_splice_bytes), 0);
  }

  void send_urgently() const { ASSERT_EQ(::send(client_->fd(), "!", 1, MSG_OOB | MSG_NOSIGNAL), 1); }

  EchoServer echo_{{.mode = Mode::kEcho}};
  const std::string part_ = std::string(256 * 1024, 'x');
  std::optional<TcpClient> client_;
};

TEST_P(UrgentDataTest, a_stream_goes_on_behind_it) {
  ASSERT_NO_FATAL_FAILURE(stream());
  for (int turn = 0; turn < 3; ++turn) {
    ASSERT_TRUE(client_->send(part_));
    send_urgently();
    ASSERT_TRUE(client_->send("behind the mark"));
    EXPECT_EQ(client_->receive(part_.size()), part_);
    EXPECT_EQ(client_->receive(15), "behind the mark");
  }
}

TEST_P(UrgentDataTest, what_stands_between_it_and_the_end_of_a_stream_arrives) {
  ASSERT_NO_FATAL_FAILURE(stream());
  ASSERT_TRUE(client_->send(part_));
  send_urgently();
  ASSERT_TRUE(client_->send("behind the mark"));
  client_->finish();
  EXPECT_EQ(client_->receive_all(), part_ + "behind the mark");
  EXPECT_EQ(client_->ending(), Ending::kFin);
}

INSTANTIATE_TEST_SUITE_P(Engines, UrgentDataTest, testing::Values(proxy::Engine::kIoUring, proxy::Engine::kEpoll),
                         [](const auto& chosen) { return std::string(to_string(chosen.param)); });

}  // namespace
}  // namespace ringway::test
