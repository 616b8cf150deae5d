#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/harness/fd.h"

namespace ringway::test {

/// A new network namespace with `lo` up. It has no name: it goes with this object and the last of the sockets and
/// processes that were made in it, however a test ends. Needs the rights that `enter_own_namespace` gives.
class NetworkNamespace {
 public:
  NetworkNamespace();
  explicit NetworkNamespace(Fd of) : fd_(std::move(of)) {}

  [[nodiscard]] int fd() const { return fd_.get(); }
  /// What `ip link … netns` takes for its name, while this object lives.
  [[nodiscard]] std::string path() const;
  /// Runs lines of `ip -batch` in it; one that is refused fails the test.
  void ip(const std::vector<std::string>& lines) const;
  /// Writes a file of /proc/sys/net as it is there.
  void sysctl(const std::string& name, const std::string& value) const;

 private:
  Fd fd_;
};

/// The calling thread is in a network namespace while this lives, and the threads and processes that it starts
/// meanwhile stay there.
class Inside {
 public:
  explicit Inside(const NetworkNamespace& where);
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside();

 private:
  Fd home_;
};

/// The network namespace of the calling thread.
Fd current_namespace();

}  // namespace ringway::test
