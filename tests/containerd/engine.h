#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/docker/engine/command.h"

namespace ringway::test {

/// A release of containerd by what its CRI can do.
enum class Release {
  kWithoutEvents,  ///< 1.6, as Debian 12 has it
  kWithEvents,     ///< 1.7 or later: Debian 13's own, or the one that `./dev setup containerd` puts into build/
};

/// The folder of this release's programs; where it is not here, throws std::runtime_error with what to do about it.
std::string containerd_folder(Release release);

/// A real containerd for tests, inside of the box (see tests/docker/engine/box.h): its state lies in the box's own
/// /run. Members throw std::runtime_error with the output of what failed.
class ContainerdEngine {
 public:
  explicit ContainerdEngine(Release release);
  /// Ends containerd; what it ran ends with the box.
  ~ContainerdEngine();

  /// Starts it, waits until its CRI answers, and makes the image `kPodImage` where it is not there.
  void start();
  /// SIGTERM. Pods live on, as they do when a service manager restarts containerd.
  void stop();
  /// SIGKILL.
  void crash();
  /// SIGSTOP and SIGCONT: it is there and answers nothing.
  void freeze(bool frozen);

  /// "unix:/…/containerd.sock", as the configuration wants it.
  [[nodiscard]] std::string socket() const { return "unix:" + socket_.string(); }
  /// The process of a running container.
  [[nodiscard]] pid_t pid_of(const std::string& container) const;

 private:
  [[nodiscard]] std::vector<std::string> with_path(std::vector<std::string> words) const;
  [[nodiscard]] std::string ctr(std::vector<std::string> words) const;
  void write_config() const;

  std::string programs_;
  std::filesystem::path folder_;
  std::filesystem::path socket_;
  std::unique_ptr<Background> daemon_;
};

/// Busybox. Without a command it sleeps, which is all that a sandbox's own process has to do.
inline constexpr const char* kPodImage = "docker.io/local/pod:1";

}  // namespace ringway::test
