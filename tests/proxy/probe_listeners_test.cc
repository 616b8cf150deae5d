#include <future>
#include <utility>

#include "tests/proxy/data_plane_fixture.h"

namespace ringway::test {
namespace {

class ProbeListenersTest : public DataPlaneTest {};

TEST_P(ProbeListenersTest, a_listener_for_probes_is_one_workers_and_stands_in_no_list) {
  start({.workers = 2, .access_log = true});
  EchoServer echo({.mode = Mode::kEcho});
  const auto listeners = plane_->listen_for_probes(echo.address());
  ASSERT_TRUE(listeners) << listeners.error().context;
  ASSERT_EQ(listeners->size(), 2);
  publish({});
  for (std::size_t worker = 0; worker < 2; ++worker) {
    TcpClient client((*listeners)[worker]);
    client.send("hello");
    ASSERT_EQ(client.receive(5), "hello");
    EXPECT_EQ(plane_->worker_counters(worker).sessions_active.get(), 1);
    EXPECT_EQ(plane_->worker_counters(1 - worker).sessions_active.get(), 0);
    std::promise<std::vector<proxy::SessionInfo>> listed;
    plane_->list_sessions(10, [&](std::vector<proxy::SessionInfo> sessions) { listed.set_value(std::move(sessions)); });
    EXPECT_TRUE(listed.get_future().get().empty());
    client.close();
    EXPECT_TRUE(wait_until([&] { return worker_sum(&proxy::WorkerCounters::sessions_active) == 0; }));
  }
  EXPECT_TRUE(plane_->take_ended().empty());
  publish({});
  TcpClient again((*listeners)[1]);
  again.send("still");
  EXPECT_EQ(again.receive(5), "still") << "a new snapshot leaves the listener alone";
}

INSTANTIATE_TEST_SUITE_P(Engines, ProbeListenersTest, testing::Values(proxy::Engine::kIoUring, proxy::Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::test
