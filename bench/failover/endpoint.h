#pragma once

#include <netinet/in.h>

namespace ringway::bench {

/// Sends back what comes, on `first` for sessions and on the next port for health checks, so that the connections of
/// the two can be told apart from outside. One thread on epoll and not on a ring, whose listening sockets would outlive
/// the process by some milliseconds. Returns never; throws std::system_error where it cannot listen.
[[noreturn]] void serve(const sockaddr_in& first);

}  // namespace ringway::bench
