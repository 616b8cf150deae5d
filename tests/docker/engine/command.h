#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace ringway::test {

bool program_exists(const std::string& name);

/// Runs a program to its end (at most a minute) and returns its standard output without the last newline. Throws
/// std::runtime_error with both outputs where it fails.
std::string run_command(const std::vector<std::string>& words);

/// A program that runs until it is ended; also ended with the object.
class Background {
 public:
  Background(const std::vector<std::string>& words, const std::filesystem::path& log);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Sends `signal` and waits for the end.
  void end(int signal);
  [[nodiscard]] bool running();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

/// Waits until `holds`, looking every few milliseconds; false where `deadline` passes first.
bool wait_until(const std::function<bool()>& holds, std::chrono::seconds deadline);

}  // namespace ringway::test
