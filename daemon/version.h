#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ringway::daemon {

[[nodiscard]] std::string_view version();
/// `uname -sr`: "Linux 6.1.0".
[[nodiscard]] std::string kernel();

/// Whether this kernel and its profiles let a data plane run here, found out by making a small ring.
struct EngineFacts {
  bool usable = false;
  std::string name;  ///< "io_uring", "" where none is usable
  std::string why;   ///< for a person
};
[[nodiscard]] EngineFacts engine_facts();

/// What this build can do, in the words of the configuration.
[[nodiscard]] std::vector<std::string> features();

}  // namespace ringway::daemon
