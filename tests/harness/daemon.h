#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/harness/http.h"
#include "tests/harness/places.h"
#include "tests/harness/process.h"

namespace ringway::test {

struct DaemonOptions {
  std::string config;                   ///< all documents but `kind: Ringway`
  std::vector<std::string> spec_lines;  ///< lines under its `spec`: "workers: 1"
  std::uint64_t file_limit = 0;         ///< RLIMIT_NOFILE, 0 = as ours
  bool wait_ready = true;               ///< wait for `/readyz`; a daemon that does not get there fails the test
  std::vector<std::string> arguments;   ///< more of `ringway run`
  bool without_io_uring = false;        ///< as in a container with Docker's profile
  bool without_capabilities = false;    ///< though root starts it
};

/// The real binary, `ringway run`, with a configuration and an admin socket in a folder of its own.
///
/// At the end of the object it is stopped if it still runs; a sanitizer's report, a death by signal and a daemon that
/// does not stop fail the test, and the log is printed when a test failed. One thread.
class Daemon {
 public:
  explicit Daemon(DaemonOptions options);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon();

  [[nodiscard]] std::string admin() const { return "unix:" + (folder_ / "admin.sock"); }
  [[nodiscard]] std::string config_path() const { return folder_ / "ringway.yaml"; }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }
  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] std::string log() const { return read_file(folder_ / "log"); }

  [[nodiscard]] HttpAnswer get(const std::string& target) const;
  [[nodiscard]] HttpAnswer post(const std::string& target, const std::string& body = "") const;
  [[nodiscard]] bool ready() const { return get("/readyz").status == 200; }
  /// Runs `ringway ARGUMENTS` against this daemon.
  [[nodiscard]] Outcome cli(std::vector<std::string> arguments) const;

  /// Writes the documents into the configuration file, in place.
  void write_config(const std::string& documents);
  /// Writes them beside it and renames over it, as editors do.
  void rename_config(const std::string& documents);
  /// `ringway reload`.
  [[nodiscard]] Outcome reload() const { return cli({"reload"}); }
  /// Writes and reloads; an outcome other than 0 fails the test.
  void reconfigure(const std::string& documents);

  void signal(int number) { process_->signal(number); }
  /// Ends without a goodbye; started again with `start` it finds its folder as it was.
  void kill();
  void start();
  /// SIGTERM and its exit status; nullopt when it did not end within `limit`.
  std::optional<int> stop(milliseconds limit = kPatience);

  /// The sum of all samples of a metric whose labels include `labels`; nullopt where there is none.
  [[nodiscard]] std::optional<double> metric(const std::string& name,
                                             const std::map<std::string, std::string>& labels = {}) const;
  /// Resident memory and open files of the process, from /proc. Pipes do not count: their pool keeps what it has made.
  [[nodiscard]] std::uint64_t resident_bytes() const;
  [[nodiscard]] std::size_t open_files() const;

 private:
  [[nodiscard]] std::string whole_config(const std::string& documents) const;

  DaemonOptions options_;
  TemporaryFolder folder_;
  std::unique_ptr<Process> process_;
};

/// The binary under test.
std::string ringway_binary();

/// The sum of the samples of `name` in Prometheus' text format whose labels include `labels`.
std::optional<double> sum_of_samples(const std::string& text, const std::string& name,
                                     const std::map<std::string, std::string>& labels);

}  // namespace ringway::test
