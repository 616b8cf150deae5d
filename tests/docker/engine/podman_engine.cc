#include "tests/docker/engine/podman_engine.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include "tests/docker/engine/image.h"

namespace ringway::test {

using namespace std::chrono_literals;

PodmanEngine::PodmanEngine() {
  std::string name = "/run/podman-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("mkdtemp " + name);
  }
  folder_ = name;
}

PodmanEngine::~PodmanEngine() {
  try {
    podman({"rm", "-f", "-a", "-t", "0"});
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
    stop();
  }
}

std::vector<std::string> PodmanEngine::command() const {
  return {"podman",
          "--root",
          folder_ / "root",
          "--runroot",
          folder_ / "run",
          "--tmpdir",
          folder_ / "tmp",
          "--events-backend",
          "file",
          "--cgroup-manager",
          "cgroupfs",
          "--network-config-dir",
          folder_ / "networks"};
}

void PodmanEngine::start() {
  auto words = command();
  words.insert(words.end(), {"system", "service", "--time", "0", "unix://" + (folder_ / "podman.sock").string()});
  std::filesystem::create_directories(folder_ / "networks");
  if (podman({"images", "-q", kImage}).empty()) {
    podman({"import", write_image_tar(folder_).string(), kImage});
  }
  service_ = std::make_unique<Background>(words, folder_ / "log");
  if (!wait_until([this] { return std::filesystem::exists(folder_ / "podman.sock"); }, 20s)) {
    throw std::runtime_error("podman system service does not come up");
  }
}

void PodmanEngine::stop() {
  service_.reset();
  std::filesystem::remove(folder_ / "podman.sock");
}

std::string PodmanEngine::podman(const std::vector<std::string>& words) {
  auto all = command();
  all.insert(all.end(), words.begin(), words.end());
  return run_command(all);
}

std::string PodmanEngine::run(const Container& container) {
  std::vector<std::string> words = {"run", "-d"};
  const auto arguments = run_arguments(container);
  words.insert(words.end(), arguments.begin(), arguments.end());
  return podman(words);
}

}  // namespace ringway::test
