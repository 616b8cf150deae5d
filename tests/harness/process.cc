#include "tests/harness/process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/harness/places.h"

namespace ringway::test {
namespace {

constexpr int kCouldNotStart = 127;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) {
    result.push_back(const_cast<char*>(text.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

void redirect(const std::string& file, int to) {
  const int fd = open(file.empty() ? "/dev/null" : file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  dup2(fd, to);
}

/// What the default profiles of Docker and containerd do to io_uring (seccomp(2)).
bool forbid_io_uring() {
  std::array<sock_filter, 4> rules = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{.len = rules.size(), .filter = rules.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// All that the child does before it is another program. Allocates nothing: other threads of the parent may hold locks.
[[noreturn]] void become(const ProcessOptions& options, const std::string& program, char* const* argv,
                         char* const* environment, const passwd* user) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (options.file_limit != 0) {
    const rlimit limit{options.file_limit, options.file_limit};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  redirect(options.out, STDOUT_FILENO);
  redirect(options.err, STDERR_FILENO);
  if (!options.folder.empty() && chdir(options.folder.c_str()) != 0) {
    _exit(kCouldNotStart);
  }
  if (user != nullptr && (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
    _exit(kCouldNotStart);
  }
  if (options.without_capabilities) {
    // Root's are made of the bounding set by exec (capabilities(7)).
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
      prctl(PR_CAPBSET_DROP, capability);
    }
  }
  if (options.without_io_uring && !forbid_io_uring()) {
    _exit(kCouldNotStart);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // last, for a change of user clears it
  execve(program.c_str(), argv, environment);
  _exit(kCouldNotStart);
}

}  // namespace

Process::Process(const ProcessOptions& options) {
  const std::string program = find_program(options.argv.front());
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment.emplace_back(*variable);
  }
  environment.insert(environment.end(), options.environment.begin(), options.environment.end());
  const auto argv_pointers = pointers(options.argv);
  const auto environment_pointers = pointers(environment);
  const passwd* user = options.user ? getpwnam(options.user->c_str()) : nullptr;
  pid_ = fork();
  if (pid_ == 0) {
    become(options, program, argv_pointers.data(), environment_pointers.data(), user);
  }
}

Process::~Process() {
  if (running()) {
    signal(SIGKILL);
    wait();
  }
}

void Process::signal(int number) const {
  if (!status_ && pid_ > 0) {
    kill(pid_, number);
  }
}

bool Process::running() {
  return !wait(milliseconds(0)).has_value();
}

std::optional<int> Process::wait(milliseconds limit) {
  wait_until(limit, [&] {
    int status = 0;
    if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) {
      status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return status_.has_value();
  });
  return status_;
}

Outcome run(const std::vector<std::string>& argv, milliseconds limit, const std::optional<std::string>& user) {
  const TemporaryFolder folder;
  Process process(
      {.argv = argv, .environment = {}, .out = folder / "out", .err = folder / "err", .folder = {}, .user = user});
  auto status = process.wait(limit);
  if (!status) {
    process.signal(SIGKILL);
    process.wait();
    status = 124;
  }
  return {*status, read_file(folder / "out"), read_file(folder / "err")};
}

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return name;
  }
  std::vector<std::string> folders;
  std::istringstream path(getenv("PATH") != nullptr ? getenv("PATH") : "");
  for (std::string folder; std::getline(path, folder, ':');) {
    folders.push_back(folder);
  }
  folders.insert(folders.end(), {"/usr/bin", "/usr/sbin", "/sbin"});
  std::error_code ignored;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    folders.push_back(version.path() / "bin");
  }
  const auto found = std::find_if(folders.begin(), folders.end(), [&](const std::string& folder) {
    return access((folder + "/" + name).c_str(), X_OK) == 0;
  });
  return found == folders.end() ? "" : *found + "/" + name;
}

}  // namespace ringway::test
