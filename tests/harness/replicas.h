#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "proxy/core/address.h"

namespace ringway::test {

/// One copy of a server. It says "RELEASE NAME" and a line feed first, echoes, and at SIGTERM refuses new connections
/// and ends with status 0 once the last of its own has ended (tests/docker/greeter with `drain`).
struct Replica {
  std::string name;
  std::string release;
};

/// A container engine as a controller of replicas sees it. Members throw std::runtime_error with what failed; several
/// threads call them at once, each for replicas of its own.
class ReplicaEngine {
 public:
  virtual ~ReplicaEngine() = default;

  /// Runs it with the labels `app: web` and `release: RELEASE`.
  virtual void start(const Replica& replica) = 0;
  /// SIGTERM, waits for its end, removes it, and returns its exit status.
  virtual int stop(const std::string& name) = 0;
  /// Where it listens itself.
  [[nodiscard]] virtual proxy::SocketAddress address(const std::string& name) = 0;
  /// When the engine started it, by the wall clock that all of one machine share.
  [[nodiscard]] virtual std::int64_t started_ns(const std::string& name) = 0;
};

/// A controller that keeps copies, as a ReplicaSet or `docker compose up --scale` does.
class Replicas {
 public:
  explicit Replicas(ReplicaEngine& engine) : engine_(engine) {}

  /// Starts `count` more, a few at a time, and returns their names when all have been started.
  std::vector<std::string> add(std::size_t count, const std::string& release);
  /// Stops these all at once. Meanwhile, when each of them refuses connections, runs `while_stopping`; a replica with
  /// sessions does not end before they do. Returns the names of those whose exit status was not 0.
  std::vector<std::string> remove(const std::vector<std::string>& names, const std::function<void()>& while_stopping);

  /// Those that were started and not removed, the oldest first.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] std::vector<std::string> oldest(std::size_t count) const;

 private:
  ReplicaEngine& engine_;
  std::vector<std::string> names_;
  std::size_t made_ = 0;
};

}  // namespace ringway::test
