#include "tests/docker/engine/command.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
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

std::string run_command(const std::vector<std::string>& words) {
  std::vector<std::string> limited = {"timeout", "60"};
  limited.insert(limited.end(), words.begin(), words.end());
  auto argv = arguments(limited);
  int output[2];
  if (pipe2(output, O_CLOEXEC) != 0) {
    throw std::runtime_error("pipe2");
  }
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(output[1], STDOUT_FILENO);
    dup2(output[1], STDERR_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(output[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t size = 0; (size = read(output[0], buffer, sizeof buffer)) > 0 || (size < 0 && errno == EINTR);) {
    text.append(buffer, size > 0 ? static_cast<std::size_t>(size) : 0);
  }
  close(output[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (status != 0) {
    throw std::runtime_error(describe(words) + ": " + text);
  }
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

Background::Background(const std::vector<std::string>& words, const std::filesystem::path& log)
    : pid_(start(words, log)) {}

Background::~Background() {
  end(SIGKILL);
}

void Background::end(int signal) {
  if (pid_ > 0) {
    kill(pid_, signal);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
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
