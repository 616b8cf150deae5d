#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "proxy/data_plane.h"
#include "tests/harness/await.h"
#include "tests/harness/echo_server.h"
#include "tests/harness/places.h"
#include "tests/harness/tcp_client.h"

namespace ringway::test {

/// A data plane in this process with one port of one Service, driven by hand-made snapshots.
class DataPlaneTest : public testing::TestWithParam<proxy::Engine> {
 protected:
  void start(proxy::DataPlaneOptions options = {.workers = 2}) {
    options.engine = GetParam();
    auto started = proxy::DataPlane::start(options);
    ASSERT_TRUE(started) << started.error().context;
    plane_ = std::move(*started);
    stats_ = std::make_shared<proxy::ServiceStats>(options.workers);
  }

  /// Puts a snapshot in force whose port has these endpoints, and waits until every worker runs it.
  void serve(const std::vector<proxy::SocketAddress>& endpoints, const proxy::SessionPolicy& policy = {}) {
    auto port = std::make_shared<proxy::ServicePort>();
    port->key = {.ns = "default", .service = "web", .port = "http"};
    port->listen = {vip_};
    port->policy = policy;
    port->access = access_;
    port->proxy_sources = proxy_sources_;
    port->sources = sources_;
    port->silent = silent_;
    const bool limits = policy.per_client.max_connections > 0 || policy.per_client.rate > 0;
    port->clients = limits ? std::make_shared<proxy::ClientLimits>() : nullptr;
    port->stats = stats_;
    endpoints_.clear();
    for (const auto& address : endpoints) {
      endpoints_.push_back(std::make_shared<proxy::EndpointState>(port->key, address, "default/web", stats_));
      kept_.push_back(endpoints_.back());
      port->endpoints.push_back(endpoints_.back());
    }
    publish({port});
  }

  void publish(const std::vector<std::shared_ptr<const proxy::ServicePort>>& ports) {
    auto snapshot = std::make_shared<proxy::Snapshot>();
    snapshot->version = ++version_;
    snapshot->ports = ports;
    const auto bound = plane_->bind(*snapshot);
    ASSERT_TRUE(bound) << bound.error().context;
    plane_->publish(snapshot);
    ASSERT_TRUE(wait_until([&] { return plane_->version_in_force() == version_; }));
  }

  [[nodiscard]] std::uint64_t ended(proxy::Cause cause) const {
    std::uint64_t sum = 0;
    for (const auto& worker : stats_->all()) {
      sum += worker.ended[static_cast<std::size_t>(cause)].get();
    }
    return sum;
  }
  [[nodiscard]] std::uint64_t sum(proxy::Counter proxy::ServiceCounters::* member) const {
    std::uint64_t total = 0;
    for (const auto& worker : stats_->all()) {
      total += (worker.*member).get();
    }
    return total;
  }
  [[nodiscard]] std::uint64_t worker_sum(proxy::Counter proxy::WorkerCounters::* member) const {
    std::uint64_t total = 0;
    for (std::size_t worker = 0; worker < plane_->worker_count(); ++worker) {
      total += (plane_->worker_counters(worker).*member).get();
    }
    return total;
  }
  bool no_session_left() {
    return wait_until([&] { return sum(&proxy::ServiceCounters::active) == 0; });
  }

  proxy::SocketAddress vip_ = next_vip();
  std::shared_ptr<proxy::ServiceStats> stats_;
  std::shared_ptr<const proxy::AccessList> sources_;
  bool silent_ = false;                                     ///< without endpoints
  std::shared_ptr<const proxy::AccessList> access_;         ///< of what is served next; null: all clients
  std::shared_ptr<const proxy::AccessList> proxy_sources_;  ///< of the next `serve`
  std::vector<std::shared_ptr<proxy::EndpointState>> endpoints_;
  std::vector<std::shared_ptr<proxy::EndpointState>> kept_;
  std::unique_ptr<proxy::DataPlane> plane_;
  std::uint64_t version_ = 0;
};

}  // namespace ringway::test
