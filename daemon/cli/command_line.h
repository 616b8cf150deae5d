#pragma once

#include <iosfwd>

namespace ringway::daemon {

/// Exit statuses of the command line.
inline constexpr int kFine = 0;
inline constexpr int kFailed = 1;      ///< the thing asked failed
inline constexpr int kWrongUsage = 2;  ///< nothing was tried

/// What the program `ringway` does: parses the arguments, runs the command and returns the exit status. Data goes to
/// `out`, errors to `err`.
int run_command_line(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace ringway::daemon
