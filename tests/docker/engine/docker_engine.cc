#include "tests/docker/engine/docker_engine.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/docker/engine/image.h"

namespace ringway::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kStartDeadline = 40s;
constexpr std::size_t kLogTailBytes = 2'000;

}  // namespace

std::vector<std::string> run_arguments(const Container& container) {
  std::vector<std::string> words = {"--name", container.name};
  for (const auto& [key, value] : container.labels) {
    words.insert(words.end(), {"--label", key + "=" + value});
  }
  words.insert(words.end(), container.options.begin(), container.options.end());
  words.emplace_back(kImage);
  if (!container.command.empty()) {
    words.insert(words.end(), container.command.begin(), container.command.end());
    return words;
  }
  // As process 1 httpd would not get the default action of SIGTERM, so a shell waits for it and has a trap.
  const std::string serve =
      "echo " + container.name + " > /www/index.html; httpd -f -p 8080 -h /www & trap 'kill $!; exit 0' TERM; wait";
  words.insert(words.end(), {"/bin/sh", "-c", serve});
  return words;
}

DockerEngine::DockerEngine() {
  std::string name = "/run/docker-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("mkdtemp " + name);
  }
  folder_ = name;
  socket_ = folder_ / "docker.sock";
}

DockerEngine::~DockerEngine() {
  try {
    stop();
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

void DockerEngine::start() {
  if (daemon_) {
    return;
  }
  std::filesystem::remove(folder_ / "pid");
  daemon_ = std::make_unique<Background>(
      std::vector<std::string>{"dockerd", "-H", "unix://" + socket_.string(), "--data-root", folder_ / "data",
                               "--exec-root", folder_ / "exec", "--pidfile", folder_ / "pid", "--iptables=false",
                               "--ip-masq=false", "--userland-proxy=false"},
      folder_ / "log");
  const bool up = wait_until(
      [this] {
        if (!daemon_->running()) {
          throw std::runtime_error("dockerd ended: " + log_tail());
        }
        try {
          docker({"version"});
          return true;
        } catch (const std::exception&) {
          return false;
        }
      },
      kStartDeadline);
  if (!up) {
    throw std::runtime_error("dockerd does not answer: " + log_tail());
  }
  if (docker({"images", "-q", kImage}).empty()) {
    docker({"import", write_image_tar(folder_).string(), kImage});
  }
}

void DockerEngine::stop() {
  if (daemon_) {
    daemon_->end(SIGTERM);
    daemon_.reset();
  }
}

void DockerEngine::crash() {
  if (daemon_) {
    daemon_->end(SIGKILL);
    daemon_.reset();
  }
}

std::string DockerEngine::log_tail() const {
  std::ifstream file(folder_ / "log");
  std::ostringstream text;
  text << file.rdbuf();
  const auto all = text.str();
  return all.size() > kLogTailBytes ? all.substr(all.size() - kLogTailBytes) : all;
}

std::string DockerEngine::docker(const std::vector<std::string>& words) {
  std::vector<std::string> all = {"docker", "-H", "unix://" + socket_.string()};
  all.insert(all.end(), words.begin(), words.end());
  return run_command(all);
}

std::string DockerEngine::run(const Container& container) {
  std::vector<std::string> words = {"run", "-d"};
  const auto arguments = run_arguments(container);
  words.insert(words.end(), arguments.begin(), arguments.end());
  return docker(words);
}

void DockerEngine::kill(const std::string& container, const std::string& signal) {
  docker({"kill", "-s", signal, container});
}

void DockerEngine::stop_container(const std::string& container, int grace_s) {
  docker({"stop", "-t", std::to_string(grace_s), container});
}

void DockerEngine::start_container(const std::string& container) {
  docker({"start", container});
}
void DockerEngine::restart_container(const std::string& container) {
  docker({"restart", "-t", "1", container});
}
void DockerEngine::pause(const std::string& container) {
  docker({"pause", container});
}
void DockerEngine::unpause(const std::string& container) {
  docker({"unpause", container});
}
void DockerEngine::rename(const std::string& container, const std::string& name) {
  docker({"rename", container, name});
}
void DockerEngine::remove(const std::string& container) {
  docker({"rm", "-f", container});
}

void DockerEngine::exec(const std::string& container, const std::vector<std::string>& command) {
  std::vector<std::string> words = {"exec", container};
  words.insert(words.end(), command.begin(), command.end());
  docker(words);
}

void DockerEngine::create_network(const std::string& network, const std::string& subnet) {
  docker({"network", "create", "--subnet", subnet, network});
}

void DockerEngine::connect(const std::string& network, const std::string& container) {
  docker({"network", "connect", network, container});
}

void DockerEngine::disconnect(const std::string& network, const std::string& container) {
  docker({"network", "disconnect", network, container});
}

std::string DockerEngine::address(const std::string& container, const std::string& network) {
  return docker({"inspect", "-f", "{{with index .NetworkSettings.Networks \"" + network + "\"}}{{.IPAddress}}{{end}}",
                 container});
}

}  // namespace ringway::test
