#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ringway::test {

struct PodSpec {
  std::string name;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  bool host_network = false;
};

/// What a kubelet does to a runtime, as far as tests need it. Members throw std::runtime_error with what failed.
/// Several threads may use it at once, each with Pods of its own.
class Cri {
 public:
  /// `socket` as in the configuration.
  explicit Cri(const std::string& socket);
  ~Cri();

  /// A sandbox alone; returns its id.
  std::string run_sandbox(const PodSpec& pod);
  /// Creates a container in the sandbox and starts it; returns its id. By default the greeter, which says the Pod's
  /// name on port 7000. `capabilities` are those beside the default ones: "NET_ADMIN".
  std::string run_container(const std::string& sandbox, const std::string& name, std::vector<std::string> command = {},
                            std::uint32_t attempt = 0, const std::vector<std::string>& capabilities = {});
  /// Sandbox and one container, "web"; returns the container's id.
  std::string run_pod(const PodSpec& pod);

  /// SIGTERM, and SIGKILL after `grace_s`; returns when it has ended.
  void stop_container(const std::string& container, std::int64_t grace_s = 10);
  void remove_container(const std::string& container);
  void stop_pod(const std::string& name);
  void remove_pod(const std::string& name);
  /// What is left would have addresses that the next test's containerd gives away again.
  void remove_all();

  [[nodiscard]] std::string sandbox(const std::string& name) const;
  /// When a container began and ended, by the wall clock; 0 while it has not.
  [[nodiscard]] std::int64_t started_ns(const std::string& container);
  [[nodiscard]] std::int64_t finished_ns(const std::string& container);
  /// What an ended container's process left.
  [[nodiscard]] int exit_code(const std::string& container);
  [[nodiscard]] std::vector<std::string> addresses(const std::string& name);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::test
