#pragma once

#include <netinet/in.h>

namespace ringway::bench {

/// Prints a line for each new TCP connection that anybody in this network namespace tries to `to` over the loopback:
/// the moment of its first SYN (ns of CLOCK_MONOTONIC), whether or not somebody answers. Says "ready" on a line of its
/// own first, and goes on until it is ended. Needs CAP_NET_RAW; throws std::system_error.
void watch_connects(const sockaddr_in& to);

}  // namespace ringway::bench
