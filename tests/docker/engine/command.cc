#include "tests/docker/engine/command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace ringway::test {
namespace {

using namespace std::chrono_literals;

std::vector<char*> arguments(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const auto& word : words) {
    result.push_back(const_cast<char*>(word.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

std::string describe(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

pid_t start(const std::vector<std::string>& words, const std::filesystem::path& log) {
  auto argv = arguments(words);
  const int file = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(file);
  return pid;
}

/// Collects what a child prints until it has ended, which is not when its output has: something that it started and
/// that goes on may hold that open. False where `limit` passes first.
bool read_until_end(pid_t pid, int output, std::chrono::seconds limit, std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const int child = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  pollfd waits[] = {{.fd = output, .events = POLLIN, .revents = 0}, {.fd = child, .events = POLLIN, .revents = 0}};
  bool ended = false;
  while (!ended) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      break;
    }
    poll(waits, 2, static_cast<int>(left.count()));
    if (waits[0].revents != 0) {
      char buffer[4096];
      const ssize_t size = read(output, buffer, sizeof buffer);
      text.append(buffer, size > 0 ? static_cast<std::size_t>(size) : 0);
      waits[0].fd = size > 0 ? output : -1;
      continue;
    }
    ended = waits[1].revents != 0;
  }
  close(child);
  return ended;
}

}  // namespace

bool program_exists(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + name).c_str(), X_OK) == 0) {
      return true;
    }
  }
  return false;
}

std::string run_command(const std::vector<std::string>& words, std::chrono::seconds limit) {
  auto argv = arguments(words);
  int output[2];
  if (pipe2(output, O_CLOEXEC) != 0) {
    throw std::runtime_error("pipe2");
  }
  const pid_t pid = fork();
  if (pid == 0) {
    // A group, so that nothing that it started lives on when it is killed.
    setpgid(0, 0);
    dup2(output[1], STDOUT_FILENO);
    dup2(output[1], STDERR_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(output[1]);
  std::string text;
  const bool ended = read_until_end(pid, output[0], limit, text);
  if (!ended) {
    kill(-pid, SIGKILL);
  }
  close(output[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (!ended) {
    throw std::runtime_error(describe(words) + ": killed, for it had not ended after " + std::to_string(limit.count()) +
                             " s; it had printed: " + text);
  }
  if (status != 0) {
    throw std::runtime_error(describe(words) + ": " + text);
  }
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

Background::Background(const std::vector<std::string>& words, const std::filesystem::path& log)
    : words_(words), log_(log), pid_(start(words, log)) {}

Background::~Background() {
  if (running()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

void Background::end(int signal, std::chrono::seconds limit) {
  if (!running()) {
    return;
  }
  kill(pid_, signal);
  if (wait_until([this] { return !running(); }, limit)) {
    return;
  }
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
  std::ostringstream printed;
  printed << std::ifstream(log_).rdbuf();
  throw std::runtime_error(describe(words_) + ": killed, for it had not ended " + std::to_string(limit.count()) +
                           " s after signal " + std::to_string(signal) + "; it had printed: " + printed.str());
}

bool Background::running() {
  if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) {
    pid_ = -1;
  }
  return pid_ > 0;
}

bool wait_until(const std::function<bool()>& holds, std::chrono::seconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

}  // namespace ringway::test
