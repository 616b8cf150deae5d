#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/harness/await.h"

namespace ringway::test {

/// How to start a program. The child dies with the thread that started it.
struct ProcessOptions {
  std::vector<std::string> argv;         ///< argv[0] is looked up in PATH
  std::vector<std::string> environment;  ///< `NAME=value`, added to ours
  std::string out;                       ///< file for standard output, "" = /dev/null
  std::string err;                       ///< file for standard error, may be the same; "" = /dev/null
  std::string folder;                    ///< where it runs, "" = here
  std::uint64_t file_limit = 0;          ///< RLIMIT_NOFILE, soft and hard; 0 = as ours
  std::optional<std::string> user;       ///< run as this user (needs root)
  bool without_capabilities = false;     ///< none at all, as for any user (needs root)
  bool without_io_uring = false;  ///< a seccomp filter answers io_uring_setup with EPERM, as Docker's profile does
};

/// A child process; killed and reaped at the end of the object if it still runs.
class Process {
 public:
  explicit Process(const ProcessOptions& options);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  [[nodiscard]] bool running();
  /// Waits for the end. The exit status, 128 + the signal that ended it, or nullopt when it still runs after `limit`.
  std::optional<int> wait(milliseconds limit = kPatience);

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

struct Outcome {
  int status = -1;  ///< as `Process::wait`; 124 when it was killed for taking too long, 127 when it could not start
  std::string out;
  std::string err;
};

/// Runs a program to its end, at most `limit`.
Outcome run(const std::vector<std::string>& argv, milliseconds limit = kPatience,
            const std::optional<std::string>& user = std::nullopt);

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);

/// The absolute path of a program in PATH or in one of the folders where Debian keeps servers; "" where it is not
/// installed.
std::string find_program(const std::string& name);

}  // namespace ringway::test
