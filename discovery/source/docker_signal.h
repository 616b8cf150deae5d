#pragma once

#include <string>
#include <string_view>

namespace ringway::discovery {

/// The number of a signal as Docker writes it: `15`, `SIGTERM`, `TERM`, `SIGRTMIN+3`. 0 where it is none.
[[nodiscard]] int signal_number(std::string_view text);
/// `SIGTERM`, or `signal 40` for one without a name.
[[nodiscard]] std::string signal_name(int number);
/// Whether a container that gets this signal is being stopped: its own StopSignal (0 = not known), or one that ends
/// whatever does not handle it and is meant to (TERM, KILL, INT, QUIT). HUP, USR1 and the like mean something else.
[[nodiscard]] bool is_stop_signal(int number, int stop_signal);

}  // namespace ringway::discovery
