#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace ringway::soak {

/// What a process holds now, from /proc.
struct Held {
  std::uint64_t resident_bytes = 0;
  std::map<std::string, std::size_t> files;  ///< by kind: socket, pipe, anon_inode:[eventpoll], …
  std::uint64_t pipe_bytes = 0;              ///< that stand in its pipes, seen from both ends of each

  [[nodiscard]] std::size_t pipes() const;
  [[nodiscard]] std::size_t without_pipes() const;
  [[nodiscard]] std::string files_text() const;
};

Held read_held(pid_t pid);

}  // namespace ringway::soak
