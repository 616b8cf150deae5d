#include "tests/harness/daemon.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace ringway::test {
namespace {

/// A daemon without sessions stops at once; one that drains gets a second signal after this.
constexpr milliseconds kPoliteStop = scaled(seconds(3));

bool sanitizer_spoke(const std::string& log) {
  return log.find("Sanitizer") != std::string::npos || log.find("runtime error:") != std::string::npos;
}

}  // namespace

std::string ringway_binary() {
  const char* other = getenv("RINGWAY_BINARY");
  return other != nullptr ? other : RINGWAY_BINARY;
}

Daemon::Daemon(DaemonOptions options) : options_(std::move(options)) {
  write_config(options_.config);
  start();
}

void Daemon::start() {
  std::vector<std::string> argv = {ringway_binary(), "run", "--config", config_path()};
  argv.insert(argv.end(), options_.arguments.begin(), options_.arguments.end());
  process_ = std::make_unique<Process>(ProcessOptions{.argv = argv,
                                                      .environment = {},
                                                      .out = folder_ / "log",
                                                      .err = folder_ / "log",
                                                      .folder = {},
                                                      .file_limit = options_.file_limit,
                                                      .user = {},
                                                      .without_capabilities = options_.without_capabilities,
                                                      .without_io_uring = options_.without_io_uring});
  if (options_.wait_ready) {
    EXPECT_TRUE(wait_until([&] { return ready() || !process_->running(); }) && process_->running())
        << "the daemon did not become ready";
  }
}

Daemon::~Daemon() {
  if (process_->running() && !stop(kPoliteStop)) {
    EXPECT_TRUE(stop().has_value()) << "the daemon did not stop at the second signal";
  }
  const auto status = process_->wait(milliseconds(0));
  EXPECT_FALSE(status && *status > 128 && *status != 128 + SIGKILL && *status != 128 + SIGTERM)
      << "the daemon died of signal " << *status - 128;
  EXPECT_FALSE(sanitizer_spoke(log()));
  if (::testing::Test::HasFailure()) {
    std::fprintf(stderr, "--- log of the daemon\n%s---\n", log().c_str());
  }
}

std::string Daemon::whole_config(const std::string& documents) const {
  std::string text = "apiVersion: ringway/v1\nkind: Ringway\nspec:\n  admin: {listen: \"" + admin() + "\"}\n";
  for (const std::string& line : options_.spec_lines) {
    text += "  " + line + "\n";
  }
  if (const char* engine = getenv("RINGWAY_TEST_ENGINE"); engine != nullptr) {
    text += "  engine: " + std::string(engine) + "\n";
  }
  return text + (documents.starts_with("---") ? "" : "---\n") + documents;
}

void Daemon::write_config(const std::string& documents) {
  write_file(config_path(), whole_config(documents));
}

void Daemon::rename_config(const std::string& documents) {
  const std::string beside = folder_ / ".ringway.yaml.swp";
  write_file(beside, whole_config(documents));
  std::filesystem::rename(beside, config_path());
}

void Daemon::reconfigure(const std::string& documents) {
  write_config(documents);
  const Outcome outcome = reload();
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

HttpAnswer Daemon::get(const std::string& target) const {
  return http(admin(), "GET", target);
}

HttpAnswer Daemon::post(const std::string& target, const std::string& body) const {
  return http(admin(), "POST", target, body, "X-Ringway: 1\r\nContent-Type: application/json\r\n");
}

Outcome Daemon::cli(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), ringway_binary());
  arguments.insert(arguments.end(), {"--admin", admin()});
  return run(arguments);
}

void Daemon::kill() {
  signal(SIGKILL);
  process_->wait();
}

std::optional<int> Daemon::stop(milliseconds limit) {
  signal(SIGTERM);
  return process_->wait(limit);
}

std::optional<double> sum_of_samples(const std::string& text, const std::string& name,
                                     const std::map<std::string, std::string>& labels) {
  std::optional<double> sum;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name) || line.size() == name.size() ||
        (line[name.size()] != '{' && line[name.size()] != ' ')) {
      continue;
    }
    const bool wanted = std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
      return line.find(label.first + "=\"" + label.second + "\"") != std::string::npos;
    });
    if (wanted) {
      sum = sum.value_or(0) + std::strtod(line.substr(line.rfind(' ')).c_str(), nullptr);
    }
  }
  return sum;
}

std::optional<double> Daemon::metric(const std::string& name, const std::map<std::string, std::string>& labels) const {
  return sum_of_samples(get("/metrics").body, name, labels);
}

std::uint64_t Daemon::resident_bytes() const {
  std::istringstream statm(read_file("/proc/" + std::to_string(process_->pid()) + "/statm"));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::size_t Daemon::open_files() const {
  std::error_code ignored;
  const std::filesystem::directory_iterator files("/proc/" + std::to_string(process_->pid()) + "/fd", ignored);
  return static_cast<std::size_t>(std::count_if(begin(files), end(files), [&](const auto& file) {
    return !std::filesystem::read_symlink(file.path(), ignored).string().starts_with("pipe:");
  }));
}

}  // namespace ringway::test
