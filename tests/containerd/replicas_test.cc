#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "tests/containerd/release_test.h"
#include "tests/harness/replica_scenario.h"

/// Copies of a Pod come, go and are replaced under steady load.
namespace ringway::test {
namespace {

constexpr std::uint16_t kPort = 7000;
constexpr std::int64_t kGrace_s = 30;

class PodReplicas : public ReplicaEngine {
 public:
  explicit PodReplicas(Cri& cri) : cri_(cri) {}

  void start(const Replica& replica) override {
    const auto port = std::to_string(kPort);
    const auto sandbox = cri_.run_sandbox({.name = replica.name,
                                           .labels = {{"app", "web"}, {"release", replica.release}},
                                           .annotations = {{"ringway.io/port.greet", port}}});
    const auto container = cri_.run_container(
        sandbox, "web", {"/greeter", replica.release + " " + replica.name, port, "drain"}, 0, {"NET_ADMIN"});
    const std::scoped_lock lock(mutex_);
    containers_[replica.name] = container;
  }
  /// In the order of a kubelet: the container, then the sandbox with its address.
  int stop(const std::string& name) override {
    const auto container = container_of(name);
    cri_.stop_container(container, kGrace_s);
    const int status = cri_.exit_code(container);
    cri_.stop_pod(name);
    cri_.remove_pod(name);
    return status;
  }
  SocketAddress address(const std::string& name) override {
    return {IpAddress::parse(cri_.addresses(name).front()).value(), kPort};
  }
  std::int64_t started_ns(const std::string& name) override { return cri_.started_ns(container_of(name)); }

 private:
  std::string container_of(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    return containers_.at(name);
  }

  Cri& cri_;
  std::mutex mutex_;
  std::map<std::string, std::string> containers_;  ///< by Pod
};

class ContainerdReplicas : public ReleaseTest {
 protected:
  [[nodiscard]] ScenarioOptions options() const {
    return {.discovery = "{containerd: {socket: \"" + engine_->socket() + "\"}}"};
  }
};

TEST_P(ContainerdReplicas, scaling_up_down_to_none_and_back_fails_no_client) {
  PodReplicas replicas(*cri_);
  ReplicaScenario(replicas, options()).scale();
}

TEST_P(ContainerdReplicas, a_rolling_update_fails_no_client) {
  PodReplicas replicas(*cri_);
  ReplicaScenario(replicas, options()).roll();
}

INSTANTIATE_TEST_SUITE_P(Release, ContainerdReplicas, testing::Values(Release::kWithoutEvents, Release::kWithEvents),
                         release_name);

}  // namespace
}  // namespace ringway::test
