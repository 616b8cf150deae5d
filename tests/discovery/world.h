#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "discovery/reconciler.h"

namespace ringway::discovery {

inline void set_hints(config::Shared<config::Placement>& place, std::vector<std::string> zones,
                      std::vector<std::string> nodes = {}) {
  config::Placement hinted = place;
  hinted.hint_zones = std::move(zones);
  hinted.hint_nodes = std::move(nodes);
  place = std::move(hinted);
}

class ManualClock final : public proxy::Clock {
 public:
  [[nodiscard]] proxy::Time now() const override { return now_; }
  void turn(proxy::Duration by) { now_ += by; }

 private:
  proxy::Time now_ = proxy::Time(std::chrono::hours(1));
};

/// A HealthChecker whose results the test says.
class SaidHealth final : public HealthChecker {
 public:
  std::unique_ptr<Subscription> watch(const proxy::SocketAddress& address, const config::HealthCheck& check,
                                      Changed changed) override {
    ++watched;
    return std::make_unique<Said>(*this, address, check, std::move(changed));
  }

  void say(const std::string& address, std::optional<bool> up, const std::string& detail = "said") {
    for (Said* said : std::vector<Said*>(all_)) {
      if (std::ranges::find(all_, said) != all_.end() && said->address.to_string() == address) {
        said->known = {up, detail};
        said->changed(said->address);
      }
    }
  }
  [[nodiscard]] std::vector<std::string> watching() const {
    std::vector<std::string> addresses;
    for (const Said* said : all_) {
      addresses.push_back(said->address.to_string());
    }
    std::ranges::sort(addresses);
    return addresses;
  }
  std::size_t watched = 0;

 private:
  struct Said final : Subscription {
    Said(SaidHealth& from, const proxy::SocketAddress& where, const config::HealthCheck& how, Changed hear)
        : owner(from), address(where), check(how), changed(std::move(hear)) {
      owner.all_.push_back(this);
    }
    Said(const Said&) = delete;
    Said& operator=(const Said&) = delete;
    ~Said() override { std::erase(owner.all_, this); }
    [[nodiscard]] const Health& health() const override { return known; }
    [[nodiscard]] std::uint64_t successes() const override { return 0; }
    [[nodiscard]] std::uint64_t failures() const override { return 0; }

    SaidHealth& owner;
    proxy::SocketAddress address;
    config::HealthCheck check;
    Changed changed;
    Health known;
  };
  std::vector<Said*> all_;
};

class Heard final : public Reconciler::Output {
 public:
  void snapshot_wanted() override { ++wanted; }
  void close_sessions(const std::shared_ptr<proxy::EndpointState>& endpoint, proxy::Cause cause) override {
    closed.emplace_back(endpoint->address.to_string(), cause);
  }
  void reset_sessions(const std::shared_ptr<proxy::EndpointState>& endpoint, proxy::Cause cause) override {
    reset.emplace_back(endpoint->address.to_string(), cause);
  }
  void say(const std::string& line) override { lines.push_back(line); }

  int wanted = 0;
  std::vector<std::pair<std::string, proxy::Cause>> closed;
  std::vector<std::pair<std::string, proxy::Cause>> reset;
  std::vector<std::string> lines;
};

inline Selector selector(const std::string& text) {
  auto parsed = Selector::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Selector());
}

/// shop/web on 127.96.0.10:80, port "http" to 8080 of the Pods with app=web.
inline config::Service web_service() {
  config::Service service;
  service.metadata.name = "web";
  service.metadata.ns = "shop";
  service.cluster_ips = {"127.96.0.10"};
  service.selector = selector("app=web");
  service.ports = {{"http", 80, config::Protocol::kTcp, std::uint16_t{8080}}};
  return service;
}

inline config::Service checked_web_service() {
  config::Service service = web_service();
  service.policy.health_check.emplace();
  return service;
}

inline std::shared_ptr<config::Configuration> configuration_of(std::vector<config::Service> services) {
  auto configuration = std::make_shared<config::Configuration>();
  configuration->services = std::move(services);
  return configuration;
}

/// A ready workload of the source "docker" in namespace shop with app=web.
inline Workload web_workload(const std::string& name, const std::string& address) {
  Workload workload;
  workload.source = "docker";
  workload.id = "id-" + name;
  workload.ns = "shop";
  workload.name = name;
  workload.labels = {{"app", "web"}};
  workload.addresses = {*proxy::IpAddress::parse(address)};
  workload.ready = true;
  return workload;
}

/// A Reconciler with everything about it that it needs, driven by the test.
class World : public testing::Test {
 protected:
  void put(const Workload& workload) {
    auto& place = workloads_[workload.id];
    const std::unique_ptr<Workload> before = std::move(place);
    place = std::make_unique<Workload>(workload);
    reconciler_.workload_changed(before.get(), place.get(), clock_.now());
  }
  void remove(const std::string& name) {
    const std::unique_ptr<Workload> before = std::move(workloads_["id-" + name]);
    workloads_.erase("id-" + name);
    reconciler_.workload_changed(before.get(), nullptr, clock_.now());
  }
  /// Builds; what was built is in force at once.
  bool build() {
    const auto built = reconciler_.build();
    snapshot_ = built ? built : snapshot_;
    expire();
    return built != nullptr;
  }
  /// Drains by hand or puts back; how many endpoints that named.
  std::size_t set_drained(const std::string& endpoint, bool drained,
                          DrainLifetime lifetime = DrainLifetime::kUntilRestart) {
    auto plan = reconciler_.plan_drain(endpoint, drained ? std::optional(lifetime) : std::nullopt);
    reconciler_.set_drains(std::move(plan.marks));
    return plan.named;
  }
  proxy::Time expire() { return reconciler_.expire(snapshot_ ? snapshot_->version : 0); }

  [[nodiscard]] std::shared_ptr<const proxy::ServicePort> port(const std::string& name) const {
    for (const auto& one : snapshot_->ports) {
      if (one && one->key.to_string() == name) {
        return one;
      }
    }
    return nullptr;
  }
  /// The addresses that may be picked for `name`, joined by blanks.
  [[nodiscard]] std::string picked(const std::string& name = "shop/web:http") const {
    const auto found = port(name);
    if (!found) {
      return "not running";
    }
    std::string text;
    for (const auto& endpoint : found->endpoints) {
      text += (text.empty() ? "" : " ") + endpoint->address.to_string();
    }
    return text;
  }
  [[nodiscard]] std::shared_ptr<proxy::EndpointState> state(const std::string& address) const {
    for (const auto& one : snapshot_->ports) {
      for (const auto& endpoint : one ? one->endpoints : std::vector<std::shared_ptr<proxy::EndpointState>>()) {
        if (endpoint->address.to_string() == address) {
          return endpoint;
        }
      }
    }
    return nullptr;
  }
  /// `address condition (reason)` of every endpoint of every port.
  [[nodiscard]] std::vector<std::string> views() const {
    std::vector<std::string> lines;
    for (const ServiceView& service : reconciler_.services()) {
      for (const ServicePortView& one : service.ports) {
        for (const EndpointView& endpoint : one.endpoints) {
          std::string line = endpoint.state->address.to_string() + " " + std::string(to_string(endpoint.condition));
          line += endpoint.reason.empty() ? "" : " (" + endpoint.reason + ")";
          lines.push_back(line + (endpoint.usable ? " usable" : ""));
        }
      }
    }
    return lines;
  }

  ManualClock clock_;
  SaidHealth health_;
  Heard heard_;
  Reconciler reconciler_{2, clock_, health_, heard_};
  std::shared_ptr<const proxy::Snapshot> snapshot_;
  std::map<std::string, std::unique_ptr<Workload>> workloads_;
};

}  // namespace ringway::discovery
