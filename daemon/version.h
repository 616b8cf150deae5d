#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ringway::daemon {

[[nodiscard]] std::string_view version();
/// `uname -sr`: "Linux 6.1.0".
[[nodiscard]] std::string kernel();

/// What this build can do, in the words of the configuration.
[[nodiscard]] std::vector<std::string> features();

}  // namespace ringway::daemon
