#include "tests/proxy/data_plane_fixture.h"

#include <sys/socket.h>

#include <cerrno>
#include <future>
#include <set>
#include <thread>
#include <utility>

namespace ringway::test {
namespace {

using proxy::Balancer;
using proxy::Cause;

/// A verified stream announces its length in so many bytes more.
constexpr std::uint64_t kStreamHeader = 8;

TEST_P(DataPlaneTest, relays_to_every_endpoint_in_turn) {
  EchoServer one({.name = "one"});
  EchoServer two({.name = "two"});
  EchoServer three({.name = "three"});
  start();
  serve({one.address(), two.address(), three.address()}, {.balancer = Balancer::kRoundRobin});
  std::multiset<std::string> names;
  for (int turn = 0; turn < 6; ++turn) {
    TcpClient client(vip_);
    ASSERT_TRUE(client.connected());
    client.finish();
    names.insert(client.receive_all());
    EXPECT_EQ(client.ending(), Ending::kFin);
  }
  EXPECT_EQ(names, (std::multiset<std::string>{"one\n", "one\n", "two\n", "two\n", "three\n", "three\n"}));
  EXPECT_TRUE(no_session_left());
  EXPECT_EQ(ended(Cause::kFinished), 6);
}

TEST_P(DataPlaneTest, passes_all_data_both_ways_and_then_fin) {
  constexpr std::uint64_t kBytes = 8 << 20;
  EchoServer server({.mode = Mode::kDuplex, .bytes = kBytes});
  start();
  serve({server.address()});
  TcpClient client(vip_);
  const auto exchanged = client.exchange(kBytes);
  EXPECT_TRUE(exchanged.sent_all);
  EXPECT_TRUE(exchanged.right);
  EXPECT_EQ(exchanged.received, kBytes);
  EXPECT_EQ(exchanged.ending, Ending::kFin);
  EXPECT_TRUE(wait_until([&] { return server.finished() == 1; }));
  EXPECT_EQ(server.wrong(), 0);
  EXPECT_TRUE(no_session_left());
  EXPECT_EQ(sum(&proxy::ServiceCounters::bytes_upstream), kBytes + kStreamHeader);
  EXPECT_EQ(sum(&proxy::ServiceCounters::bytes_downstream), kBytes + kStreamHeader);
}

TEST_P(DataPlaneTest, splices_streams_and_copies_messages) {
  constexpr std::uint64_t kBytes = 32 << 20;
  EchoServer server({.mode = Mode::kDuplex, .bytes = kBytes});
  EchoServer echo({.mode = Mode::kEcho});
  start();
  serve({echo.address()});
  TcpClient talker(vip_);
  for (int message = 0; message < 100; ++message) {
    ASSERT_TRUE(talker.send(std::string(1000, 'x')));
    ASSERT_EQ(talker.receive(1000).size(), 1000);
  }
  EXPECT_EQ(worker_sum(&proxy::WorkerCounters::relay_splice_bytes), 0);
  serve({server.address()});
  EXPECT_EQ(TcpClient(vip_).exchange(kBytes).received, kBytes);
  EXPECT_TRUE(wait_until([&] { return worker_sum(&proxy::WorkerCounters::relay_splice_bytes) > kBytes; }));
}

TEST_P(DataPlaneTest, a_half_closed_client_that_does_not_read_costs_no_time) {
  EchoServer server({.mode = Mode::kDuplex, .bytes = 256 << 20});
  start();
  serve({server.address()});
  TcpClient client(vip_);
  client.finish();
  std::uint64_t passed_on = 0;
  ASSERT_TRUE(wait_until([&] {
    const std::uint64_t before = std::exchange(passed_on, sum(&proxy::ServiceCounters::bytes_downstream));
    std::this_thread::sleep_for(scaled(milliseconds(50)));
    return passed_on > 0 && passed_on == before;
  }));
  // The socket shows FIN all the time; whoever waits for room on it must not be woken by that.
  const std::uint64_t before_us = worker_sum(&proxy::WorkerCounters::busy_us);
  std::this_thread::sleep_for(milliseconds(200));
  EXPECT_LT(worker_sum(&proxy::WorkerCounters::busy_us) - before_us, 20'000);
}

TEST_P(DataPlaneTest, keeps_the_other_direction_open_after_fin) {
  EchoServer server({.mode = Mode::kFinFirst, .name = "early"});
  start();
  serve({server.address()});
  TcpClient client(vip_);
  EXPECT_EQ(client.receive_all(), "early\n");
  EXPECT_EQ(client.ending(), Ending::kFin);
  EXPECT_TRUE(client.exchange(1 << 20).sent_all);
  EXPECT_TRUE(wait_until([&] { return server.finished() == 1; }));
  EXPECT_EQ(server.received_bytes(), (1 << 20) + kStreamHeader);
}

TEST_P(DataPlaneTest, passes_what_came_before_a_reset_and_then_the_reset) {
  EchoServer server({.mode = Mode::kResetAfter, .name = "last words", .bytes = 5});
  start();
  serve({server.address()});
  TcpClient client(vip_);
  ASSERT_TRUE(client.send("12345"));
  EXPECT_EQ(client.receive_all(), "last words");
  EXPECT_EQ(client.ending(), Ending::kReset);
  EXPECT_TRUE(no_session_left());
  EXPECT_EQ(ended(Cause::kUpstreamReset), 1);
}

TEST_P(DataPlaneTest, passes_a_clients_reset_to_the_upstream) {
  EchoServer server({});
  start();
  serve({server.address()});
  TcpClient client(vip_);
  ASSERT_EQ(client.receive(7), "server\n");
  client.reset();
  EXPECT_TRUE(wait_until([&] { return server.resets() == 1; }));
  EXPECT_TRUE(no_session_left());
  EXPECT_EQ(ended(Cause::kClientReset), 1);
}

TEST_P(DataPlaneTest, stays_half_closed_for_as_long_as_the_upstream_does) {
  EchoServer server({.mode = Mode::kSilent});
  start();
  serve({server.address()});
  TcpClient client(vip_);
  ASSERT_TRUE(client.send("x"));
  client.finish();
  ASSERT_TRUE(wait_until([&] { return server.received_bytes() == 1; }));
  // Two looks at half-closed sessions come meanwhile: a FIN must not be taken for a failure then.
  EXPECT_EQ(client.receive(1, milliseconds(1200)), "");
  EXPECT_EQ(client.ending(), Ending::kTimeout);
  EXPECT_EQ(server.open(), 1);
  EXPECT_EQ(sum(&proxy::ServiceCounters::active), 1);
}

TEST_P(DataPlaneTest, notices_a_reset_after_fin) {
  EchoServer server({.mode = Mode::kSilent});
  start();
  serve({server.address()});
  TcpClient client(vip_);
  ASSERT_TRUE(client.send("x"));
  client.finish();
  ASSERT_TRUE(wait_until([&] { return server.received_bytes() == 1; }));
  client.reset();
  EXPECT_TRUE(wait_until([&] { return server.resets() == 1; }));
  EXPECT_TRUE(no_session_left());
}

TEST_P(DataPlaneTest, retries_a_refused_connect_on_another_endpoint) {
  EchoServer server({.name = "alive"});
  start();
  serve({refusing_endpoint(), server.address()}, {.balancer = Balancer::kRoundRobin});
  for (int turn = 0; turn < 4; ++turn) {
    TcpClient client(vip_);
    EXPECT_EQ(client.receive(6), "alive\n");
  }
  EXPECT_GE(endpoints_[0]->connect_failures[static_cast<std::size_t>(proxy::ConnectFailure::kRefused)], 1);
  EXPECT_GE(sum(&proxy::ServiceCounters::retries), 1);
}

TEST_P(DataPlaneTest, retries_a_connect_that_is_not_answered) {
  EchoServer silent({.mode = Mode::kNeverAccept});
  EchoServer server({.name = "alive"});
  start();
  serve({silent.address(), server.address()}, {.balancer = Balancer::kRoundRobin, .connect_timeout = milliseconds(50)});
  for (int turn = 0; turn < 2; ++turn) {
    TcpClient client(vip_);
    EXPECT_EQ(client.receive(6), "alive\n");
  }
  EXPECT_EQ(endpoints_[0]->connect_failures[static_cast<std::size_t>(proxy::ConnectFailure::kTimeout)], 1);
}

TEST_P(DataPlaneTest, resets_the_client_when_every_attempt_was_refused) {
  start();
  serve({refusing_endpoint(), refusing_endpoint()});
  TcpClient client(vip_);
  // The reset may come before the client has looked at the outcome of its connect.
  if (client.error() != ECONNRESET) {
    EXPECT_EQ(client.receive_all(), "");
    EXPECT_EQ(client.ending(), Ending::kReset);
  }
  EXPECT_TRUE(no_session_left());
  EXPECT_EQ(ended(Cause::kConnectRefused), 1);
}

TEST_P(DataPlaneTest, refuses_at_once_while_there_is_no_endpoint) {
  EchoServer server({.name = "back"});
  start();
  serve({});
  EXPECT_EQ(TcpClient(vip_).error(), ECONNREFUSED);
  serve({server.address()});
  EXPECT_EQ(TcpClient(vip_).receive(5), "back\n");
  serve({});
  EXPECT_EQ(TcpClient(vip_).error(), ECONNREFUSED);
  serve({server.address()});
  EXPECT_EQ(TcpClient(vip_).receive(5), "back\n");
}

TEST_P(DataPlaneTest, ends_an_idle_session_with_fin) {
  EchoServer server({.name = "idle"});
  start();
  serve({server.address()}, {.idle_timeout = milliseconds(100)});
  TcpClient client(vip_);
  EXPECT_EQ(client.receive_all(), "idle\n");
  EXPECT_EQ(client.ending(), Ending::kFin);
  client.close();
  EXPECT_TRUE(no_session_left());
  EXPECT_EQ(ended(Cause::kIdleTimeout), 1);
}

TEST_P(DataPlaneTest, a_stalled_reader_stops_the_sender) {
  EchoServer server({.mode = Mode::kLateReader});
  start();
  serve({server.address()});
  TcpClient client(vip_);
  constexpr std::uint64_t kFarMore = 1 << 30;
  const std::uint64_t taken = client.send_until_blocked(scaled(milliseconds(500)), kFarMore);
  EXPECT_LT(taken, kFarMore);
  client.finish();
  server.resume();
  EXPECT_TRUE(wait_until([&] { return server.received_bytes() == taken && server.finished() == 1; }));
}

TEST_P(DataPlaneTest, sessions_outlive_a_changed_snapshot_and_a_removed_service) {
  EchoServer server({.mode = Mode::kEcho});
  start();
  serve({server.address()});
  TcpClient client(vip_);
  ASSERT_TRUE(client.send("one"));
  ASSERT_EQ(client.receive(3), "one");
  publish({});
  EXPECT_EQ(TcpClient(vip_).error(), ECONNREFUSED);
  ASSERT_TRUE(client.send("two"));
  EXPECT_EQ(client.receive(3), "two");
}

TEST_P(DataPlaneTest, closes_the_sessions_of_one_endpoint_with_fin) {
  EchoServer one({.name = "one"});
  EchoServer two({.name = "two"});
  start();
  serve({one.address(), two.address()}, {.balancer = Balancer::kRoundRobin});
  TcpClient first(vip_);
  ASSERT_EQ(first.receive(4), "one\n");
  TcpClient second(vip_);
  ASSERT_EQ(second.receive(4), "two\n");
  plane_->close_sessions(endpoints_[0], Cause::kDrained);
  EXPECT_EQ(first.receive_all(), "");
  EXPECT_EQ(first.ending(), Ending::kFin);
  first.close();
  EXPECT_TRUE(wait_until([&] { return endpoints_[0]->active == 0; }));
  ASSERT_TRUE(second.send("still"));
  EXPECT_EQ(second.receive(5), "still");
}

TEST_P(DataPlaneTest, an_address_in_use_is_refused_and_changes_nothing) {
  EchoServer server({.name = "kept"});
  EchoServer taken({});
  start();
  serve({server.address()});
  proxy::Snapshot snapshot;
  auto port = std::make_shared<proxy::ServicePort>();
  port->listen = {next_vip(), taken.address()};
  snapshot.ports = {port};
  const auto bound = plane_->bind(snapshot);
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, proxy::ErrorCode::kInUse);
  EXPECT_NE(bound.error().context.find(taken.address().to_string()), std::string::npos);
  EXPECT_EQ(TcpClient(port->listen[0]).error(), ECONNREFUSED);
  EXPECT_EQ(TcpClient(vip_).receive(5), "kept\n");
}

TEST_P(DataPlaneTest, an_address_may_move_to_another_service) {
  EchoServer server({.name = "one"});
  EchoServer other({.name = "two"});
  start();
  serve({server.address()});
  auto port = std::make_shared<proxy::ServicePort>();
  port->key.service = "other";
  port->listen = {vip_};
  port->stats = std::make_shared<proxy::ServiceStats>(2);
  port->endpoints = {std::make_shared<proxy::EndpointState>(port->key, other.address(), "", port->stats)};
  publish({nullptr, port});
  EXPECT_EQ(TcpClient(vip_).receive(4), "two\n");
}

TEST_P(DataPlaneTest, drains_until_the_last_session_has_ended) {
  EchoServer server({.mode = Mode::kEcho});
  start();
  serve({server.address()});
  TcpClient client(vip_);
  ASSERT_TRUE(client.send("x"));
  ASSERT_EQ(client.receive(1), "x");
  std::promise<void> drained;
  auto done = drained.get_future();
  plane_->drain([&] { drained.set_value(); });
  ASSERT_TRUE(wait_until([&] { return TcpClient(vip_).error() == ECONNREFUSED; }));
  ASSERT_TRUE(client.send("y"));
  ASSERT_EQ(client.receive(1), "y");
  EXPECT_EQ(done.wait_for(seconds(0)), std::future_status::timeout);
  client.finish();
  EXPECT_EQ(client.receive_all(), "");
  EXPECT_EQ(done.wait_for(kPatience), std::future_status::ready);
}

TEST_P(DataPlaneTest, stop_ends_what_is_left) {
  EchoServer server({.mode = Mode::kEcho});
  start();
  serve({server.address()});
  TcpClient client(vip_);
  ASSERT_TRUE(client.send("x"));
  ASSERT_EQ(client.receive(1), "x");
  plane_->stop();
  EXPECT_EQ(client.receive_all(), "");
  EXPECT_EQ(endpoints_[0]->active, 0);
  EXPECT_EQ(ended(Cause::kShutdown), 1);
}

TEST_P(DataPlaneTest, waits_with_accepting_while_sessions_are_spent) {
  EchoServer server({.name = "one"});
  start({.workers = 1, .max_sessions = 2});
  serve({server.address()});
  std::vector<std::unique_ptr<TcpClient>> clients;
  // The limit is soft by what one batch accepts, so open them one by one.
  for (int index = 0; index < 2; ++index) {
    clients.push_back(std::make_unique<TcpClient>(vip_));
    ASSERT_EQ(clients.back()->receive(4), "one\n");
  }
  TcpClient waiting(vip_);
  ASSERT_TRUE(waiting.connected());
  EXPECT_EQ(waiting.receive(4, milliseconds(200)), "");
  EXPECT_GE(plane_->worker_counters(0).accepts_paused.get(), 1);
  clients.clear();
  EXPECT_EQ(waiting.receive(4), "one\n");
}

TEST_P(DataPlaneTest, tells_sessions_while_they_run_and_when_they_end) {
  EchoServer server({.mode = Mode::kEcho});
  start({.workers = 2, .access_log = true});
  serve({server.address()});
  TcpClient client(vip_);
  ASSERT_TRUE(client.send("hello"));
  ASSERT_EQ(client.receive(5), "hello");
  std::promise<std::vector<proxy::SessionInfo>> listed;
  plane_->list_sessions(10, [&](std::vector<proxy::SessionInfo> list) { listed.set_value(std::move(list)); });
  const auto list = listed.get_future().get();
  ASSERT_EQ(list.size(), 1);
  EXPECT_EQ(list[0].client, client.local());
  EXPECT_EQ(list[0].virtual_ip, vip_);
  EXPECT_EQ(list[0].service.to_string(), "default/web:http");
  EXPECT_EQ(list[0].endpoint, server.address().to_string());
  EXPECT_EQ(list[0].state, "established");
  EXPECT_EQ(list[0].bytes_upstream, 5);

  const SocketAddress from = client.local();
  client.finish();
  EXPECT_EQ(client.receive_all(), "");
  std::vector<proxy::SessionInfo> over;
  ASSERT_TRUE(wait_until([&] {
    over = plane_->take_ended();
    return !over.empty();
  }));
  EXPECT_EQ(over[0].client, from);
  EXPECT_EQ(over[0].cause, Cause::kFinished);
  EXPECT_EQ(over[0].id, list[0].id) << "one session, one id";
  EXPECT_EQ(over[0].id.size(), 32U);
  ASSERT_TRUE(over[0].first_byte_time.has_value());
  EXPECT_GE(*over[0].first_byte_time, over[0].connect_time);
  EXPECT_LE(*over[0].first_byte_time, over[0].age + std::chrono::milliseconds(1));
  EXPECT_EQ(over[0].opened, list[0].opened);
  EXPECT_EQ(over[0].bytes_downstream, 5);
  EXPECT_TRUE(endpoints_[0]->unused());
}

INSTANTIATE_TEST_SUITE_P(Engines, DataPlaneTest, testing::Values(proxy::Engine::kIoUring, proxy::Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::test
