#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace ringway::test {

bool program_exists(const std::string& name);

/// What an engine's programs may take: most calls are a matter of milliseconds, and a test has 240 s.
inline constexpr std::chrono::seconds kCommandLimit{60};

/// Runs a program to its end and returns its output without the last newline. Throws std::runtime_error with what was
/// run and what it had printed where it fails, and where it has not ended after `limit`: then it is killed, and what it
/// started as well.
std::string run_command(const std::vector<std::string>& words, std::chrono::seconds limit = kCommandLimit);

/// A program that runs until it is ended; also ended with the object.
class Background {
 public:
  Background(const std::vector<std::string>& words, const std::filesystem::path& log);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Sends `signal` and waits for the end. Throws std::runtime_error with what was run and its log where it has not
  /// ended after `limit`; it is killed then.
  void end(int signal, std::chrono::seconds limit = kCommandLimit);
  [[nodiscard]] bool running();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  std::vector<std::string> words_;
  std::filesystem::path log_;
  pid_t pid_ = -1;
};

/// Waits until `holds`, looking every few milliseconds; false where `deadline` passes first.
bool wait_until(const std::function<bool()>& holds, std::chrono::seconds deadline);

}  // namespace ringway::test
