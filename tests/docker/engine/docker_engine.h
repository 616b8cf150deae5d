#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/docker/engine/command.h"

namespace ringway::test {

/// A container to run.
struct Container {
  std::string name;
  std::map<std::string, std::string> labels;
  /// `docker run`'s own options: {"--network", "front"}, {"--health-cmd", "…"}.
  std::vector<std::string> options;
  /// By default an HTTP server on port 8080 that answers with the container's name; it ends at once on SIGTERM.
  std::vector<std::string> command;
};

/// A real dockerd for tests, inside of the box (see box.h): its state lies in the box's own /run, so nothing stays.
/// Members throw std::runtime_error with the output of what failed. Container arguments are names or ids.
class DockerEngine {
 public:
  DockerEngine();
  /// Ends dockerd and all of its containers.
  ~DockerEngine();

  /// Starts dockerd, waits until it answers, and makes the image `kImage` where it is not there.
  void start();
  /// SIGTERM, as a service manager does; containers end with it. Returns when it has ended.
  void stop();
  void restart() {
    stop();
    start();
  }
  /// SIGKILL: the engine vanishes, the socket's file and the containers stay.
  void crash();

  /// "unix:/…/docker.sock", as the configuration wants it.
  [[nodiscard]] std::string socket() const { return "unix:" + socket_.string(); }
  /// The last lines of dockerd's log, for a failed test.
  [[nodiscard]] std::string log_tail() const;

  /// Runs a container and returns its id.
  std::string run(const Container& container);
  /// Sends a signal: "KILL", "HUP", "TERM".
  void kill(const std::string& container, const std::string& signal = "KILL");
  /// SIGTERM, and SIGKILL after `grace_s`; returns when it has ended.
  void stop_container(const std::string& container, int grace_s = 10);
  void start_container(const std::string& container);
  void restart_container(const std::string& container);
  void pause(const std::string& container);
  void unpause(const std::string& container);
  void rename(const std::string& container, const std::string& name);
  /// Ends and removes it.
  void remove(const std::string& container);
  void exec(const std::string& container, const std::vector<std::string>& command);

  /// `subnet` as "10.77.0.0/24".
  void create_network(const std::string& network, const std::string& subnet);
  void connect(const std::string& network, const std::string& container);
  void disconnect(const std::string& network, const std::string& container);
  /// The IPv4 address in `network`, "" where it has none.
  std::string address(const std::string& container, const std::string& network = "bridge");

  /// Any other command of the client: docker({"ps", "-a"}). Returns what it printed.
  std::string docker(const std::vector<std::string>& words);

 private:
  std::filesystem::path folder_;
  std::filesystem::path socket_;
  std::unique_ptr<Background> daemon_;
};

/// The words after `docker run -d` (or `podman run -d`) for this container.
std::vector<std::string> run_arguments(const Container& container);

}  // namespace ringway::test
