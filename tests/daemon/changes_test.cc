#include "daemon/changes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/keys.h"
#include "config/load.h"
#include "daemon/admin/config_json.h"

namespace ringway::daemon {
namespace {

config::Configuration settings(const std::string& spec) {
  auto loaded = config::load_text("apiVersion: ringway/v1\nkind: Ringway\nspec: " + spec + "\n", "t");
  EXPECT_TRUE(loaded) << spec << ": " << loaded.error().front().to_string();
  return loaded.value_or(config::Configuration());
}

/// Two specs that differ in nothing but one key.
struct Pair {
  std::string_view key;
  std::string before;
  std::string after;
};

const std::vector<Pair>& pairs() {
  static const std::vector<Pair> all = {
      {"node.name", "{node: {name: a}}", "{node: {name: b}}"},
      {"node.zone", "{}", "{node: {zone: z2}}"},
      {"workers", "{}", "{workers: 3}"},
      {"engine", "{}", "{engine: epoll}"},
      {"busyPoll", "{}", "{busyPoll: 50us}"},
      {"minSyncPeriod", "{}", "{minSyncPeriod: 1s}"},
      {"backlog", "{}", "{backlog: 99}"},
      {"admin.listen", "{}", "{admin: {listen: \"127.0.0.1:9901\"}}"},
      {"log.level", "{}", "{log: {level: warn}}"},
      {"log.format", "{}", "{log: {format: json}}"},
      {"log.accessLog", "{}", "{log: {accessLog: on}}"},
      {"virtualIPs.mode", "{}", "{virtualIPs: {mode: off}}"},
      {"virtualIPs.interface", "{}", "{virtualIPs: {interface: eth0}}"},
      {"transparentSource.mark", "{}", "{transparentSource: {mark: 4}}"},
      {"transparentSource.table", "{}", "{transparentSource: {table: 300}}"},
      {"transparentSource.priority", "{}", "{transparentSource: {priority: 4}}"},
      {"externalIPs.allow", "{}", "{externalIPs: {allow: [10.0.0.0/8]}}"},
      {"nodePortAddresses", "{}", "{nodePortAddresses: [primary, 10.0.0.0/8]}"},
      {"nodePortAddresses", "{nodePortAddresses: [10.0.0.0/8]}", "{nodePortAddresses: [10.1.0.0/16]}"},
      {"nodePortAddresses", "{nodePortAddresses: [primary]}", "{nodePortAddresses: []}"},
      {"manifests", "{}", "{manifests: [\"nowhere.d/*.yaml\"]}"},
      {"stateDirectory", "{}", "{stateDirectory: /tmp/elsewhere}"},
      {"discovery.docker", "{}", "{discovery: {docker: {}}}"},
      {"discovery.docker.socket", "{discovery: {docker: {}}}", "{discovery: {docker: {socket: \"unix:/d\"}}}"},
      {"discovery.docker.network", "{discovery: {docker: {}}}", "{discovery: {docker: {network: n}}}"},
      {"discovery.containerd", "{}", "{discovery: {containerd: {}}}"},
      {"discovery.containerd.socket", "{discovery: {containerd: {}}}",
       "{discovery: {containerd: {socket: \"unix:/c\"}}}"},
      {"discovery.kubernetes", "{}", "{discovery: {kubernetes: {}}}"},
      {"discovery.kubernetes.kubeconfig", "{discovery: {kubernetes: {}}}",
       "{discovery: {kubernetes: {kubeconfig: k}}}"},
      {"discovery.kubernetes.context", "{discovery: {kubernetes: {kubeconfig: k}}}",
       "{discovery: {kubernetes: {kubeconfig: k, context: c}}}"},
      {"discovery.kubernetes.namespaces", "{discovery: {kubernetes: {}}}",
       "{discovery: {kubernetes: {namespaces: [shop]}}}"},
      {"discovery.kubernetes.labelSelector", "{discovery: {kubernetes: {}}}",
       "{discovery: {kubernetes: {labelSelector: a=b}}}"},
      {"defaults.policy", "{}", "{defaults: {policy: {balancer: random}}}"},
  };
  return all;
}

TEST(Changes, each_key_of_the_settings_is_one) {
  for (const Pair& pair : pairs()) {
    if (pair.key.starts_with("discovery.containerd") && !config::containerd_built_in()) {
      continue;  // such a build refuses the key
    }
    EXPECT_EQ(changes_between(settings(pair.before), settings(pair.after)),
              std::vector<std::string>{"settings: changed"})
        << pair.key << ": " << pair.before << " to " << pair.after;
  }
}

TEST(Changes, no_key_of_the_settings_is_forgotten_here) {
  const auto expect_all = [](const std::string& prefix, std::span<const config::Key> keys) {
    for (const config::Key key : keys) {
      const std::string path = prefix + std::string(key);
      EXPECT_TRUE(std::ranges::any_of(pairs(), [&path](const Pair& pair) {
        return pair.key == path || pair.key.starts_with(path + ".");
      })) << path;
    }
  };
  expect_all("", config::kRingwaySpecKeys);
  expect_all("node.", config::kNodeKeys);
  expect_all("admin.", config::kAdminKeys);
  expect_all("log.", config::kLogKeys);
  expect_all("virtualIPs.", config::kVirtualIpKeys);
  expect_all("transparentSource.", config::kTransparentSourceKeys);
  expect_all("externalIPs.", config::kExternalIpKeys);
  expect_all("discovery.", config::kDiscoveryKeys);
  expect_all("discovery.docker.", config::kDockerKeys);
  expect_all("discovery.containerd.", config::kContainerdKeys);
  expect_all("discovery.kubernetes.", config::kKubernetesKeys);
  expect_all("defaults.", config::kDefaultsKeys);
}

TEST(Changes, node_port_addresses_are_told_as_they_are_written) {
  const auto told = [](const std::string& spec) {
    return settings_json(settings(spec).ringway).at("nodePortAddresses").dump();
  };
  EXPECT_EQ(told("{}"), R"(["primary"])");
  EXPECT_EQ(told("{nodePortAddresses: []}"), "[]");
  EXPECT_EQ(told("{nodePortAddresses: [10.0.0.0/8, primary]}"), R"(["primary","10.0.0.0/8"])");
}

}  // namespace
}  // namespace ringway::daemon
