#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/docker/engine/docker_engine.h"

namespace ringway::test {

/// Podman's stand-in for Docker's API (`podman system service`), inside of the box. Containers are managed with the
/// podman command beside it. Members throw as those of DockerEngine.
class PodmanEngine {
 public:
  PodmanEngine();
  ~PodmanEngine();

  /// Starts the service, and makes the image.
  void start();
  /// Ends the service; containers live on.
  void stop();
  [[nodiscard]] std::string socket() const { return "unix:" + (folder_ / "podman.sock").string(); }

  std::string run(const Container& container);
  std::string podman(const std::vector<std::string>& words);

 private:
  [[nodiscard]] std::vector<std::string> command() const;

  std::filesystem::path folder_;
  std::unique_ptr<Background> service_;
};

}  // namespace ringway::test
