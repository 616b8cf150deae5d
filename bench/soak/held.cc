#include "bench/soak/held.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "tests/harness/fd.h"
#include "tests/harness/process.h"

namespace ringway::soak {
namespace {

/// "socket:[123]" is a socket, "anon_inode:[eventfd]" that, anything else a file.
std::string kind_of(const std::string& target) {
  if (target.starts_with("anon_inode:")) {
    return target.substr(sizeof "anon_inode:" - 1);
  }
  const auto colon = target.find(":[");
  return colon == std::string::npos ? "file" : target.substr(0, colon);
}

std::uint64_t bytes_in(const std::string& pipe) {
  const test::Fd fd(open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  int bytes = 0;
  return fd && ioctl(fd.get(), FIONREAD, &bytes) == 0 ? static_cast<std::uint64_t>(bytes) : 0;
}

}  // namespace

std::size_t Held::pipes() const {
  const auto found = files.find("pipe");
  return found == files.end() ? 0 : found->second;
}

std::size_t Held::without_pipes() const {
  std::size_t count = 0;
  for (const auto& [kind, of_kind] : files) {
    count += kind == "pipe" ? 0 : of_kind;
  }
  return count;
}

std::string Held::files_text() const {
  std::string text;
  for (const auto& [kind, count] : files) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + kind;
  }
  return text;
}

Held read_held(pid_t pid) {
  Held held;
  const std::string folder = "/proc/" + std::to_string(pid);
  std::istringstream statm(test::read_file(folder + "/statm"));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  held.resident_bytes = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/fd", ignored)) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (gone) {
      continue;
    }
    const std::string kind = kind_of(target);
    ++held.files[kind];
    if (kind == "pipe") {
      held.pipe_bytes += bytes_in(entry.path());
    }
  }
  return held;
}

}  // namespace ringway::soak
