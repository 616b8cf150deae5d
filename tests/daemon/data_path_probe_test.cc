#include "daemon/data_path_probe.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

#include "tests/daemon/serving.h"
#include "tests/harness/await.h"
#include "tests/harness/echo_server.h"
#include "tests/harness/places.h"
#include "tests/harness/tcp_client.h"

namespace ringway::daemon {
namespace {

using ringway::test::wait_until;

class DataPathProbeTest : public testing::TestWithParam<proxy::Engine> {
 protected:
  void start(proxy::DataPlaneOptions options) {
    options.engine = GetParam();
    loop_.on_loop([&] {
      plane_ = std::move(proxy::DataPlane::start(options).value());
      probe_ = std::move(DataPathProbe::start(loop_.context.get_executor(), *plane_).value());
    });
    publish({});
  }
  void publish(const std::vector<std::shared_ptr<const proxy::ServicePort>>& ports) {
    auto snapshot = std::make_shared<proxy::Snapshot>();
    snapshot->version = ++version_;
    snapshot->ports = ports;
    loop_.on_loop([&] {
      ASSERT_TRUE(plane_->bind(*snapshot));
      plane_->publish(snapshot);
    });
    ASSERT_TRUE(wait_until([&] {
      std::uint64_t version = 0;
      loop_.on_loop([&] { version = plane_->version_in_force(); });
      return version == version_;
    }));
  }
  void TearDown() override {
    loop_.on_loop([&] {
      probe_.reset();
      plane_->stop();
    });
    loop_.join();
  }
  DataPathReport ask() {
    std::promise<DataPathReport> said;
    loop_.on_loop([&] { probe_->check([&](const DataPathReport& report) { said.set_value(report); }); });
    return said.get_future().get();
  }

  test::LoopThread loop_;
  std::unique_ptr<proxy::DataPlane> plane_;
  std::unique_ptr<DataPathProbe> probe_;
  std::uint64_t version_ = 0;
};

TEST_P(DataPathProbeTest, names_the_worker_that_is_stuck_until_it_is_not) {
  start({.workers = 3});
  EXPECT_EQ(ask(), DataPathReport());
  publish({});
  std::promise<void> release;
  // The last worker calls this, and comes back when it is told to.
  loop_.on_loop([&] { plane_->list_sessions(1, [gate = release.get_future().share()](const auto&) { gate.wait(); }); });
  DataPathReport report;
  EXPECT_TRUE(wait_until([&] { return !(report = ask()).failures.empty(); }));
  EXPECT_EQ(report.failures, std::vector<std::string>{"worker 2: no bytes came back within 800ms"});
  release.set_value();
  EXPECT_TRUE(wait_until([&] { return ask() == DataPathReport(); }));
}

TEST_P(DataPathProbeTest, all_who_ask_at_once_share_one_look) {
  start({.workers = 2});
  std::promise<void> all;
  std::size_t left = 100;
  loop_.on_loop([&] {
    for (std::size_t i = left; i > 0; --i) {
      probe_->check([&](const DataPathReport& report) {
        EXPECT_EQ(report, DataPathReport());
        if (--left == 0) {
          all.set_value();
        }
      });
    }
  });
  all.get_future().wait();
  // A look copies 16 bytes each way through each worker.
  for (std::size_t worker = 0; worker < 2; ++worker) {
    const auto& counters = plane_->worker_counters(worker);
    EXPECT_TRUE(wait_until([&] { return counters.sessions_active.get() == 0; }));
    EXPECT_EQ(counters.relay_copy_bytes.get(), 32);
  }
}

TEST_P(DataPathProbeTest, want_of_sessions_is_no_failure) {
  start({.workers = 1, .max_sessions = 1});
  ringway::test::EchoServer upstream({.mode = ringway::test::Mode::kEcho});
  auto port = std::make_shared<proxy::ServicePort>();
  port->key = {.ns = "default", .service = "web", .port = "http"};
  port->listen = {ringway::test::next_vip()};
  port->stats = std::make_shared<proxy::ServiceStats>(1);
  port->endpoints = {std::make_shared<proxy::EndpointState>(port->key, upstream.address(), "", port->stats)};
  publish({port});
  ringway::test::TcpClient client(port->listen.front());
  client.send("x");
  ASSERT_EQ(client.receive(1), "x");
  EXPECT_EQ(ask().note, "not probed: no file or no session is to be had");
  client.close();
  EXPECT_TRUE(wait_until([&] { return ask() == DataPathReport(); }));
}

INSTANTIATE_TEST_SUITE_P(Engines, DataPathProbeTest, testing::Values(proxy::Engine::kIoUring, proxy::Engine::kEpoll),
                         [](const auto& engine) { return std::string(to_string(engine.param)); });

}  // namespace
}  // namespace ringway::daemon
