#pragma once

#include <netinet/in.h>

namespace ringway::bench {

/// Reads numbers from standard input; for each it opens connections until there are so many, lets each exchange one
/// message, and prints a line of JSON. They stay quiet and open until the input ends.
void hold_idle(const sockaddr_in& to);

}  // namespace ringway::bench
