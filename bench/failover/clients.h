#pragma once

#include <netinet/in.h>

#include <chrono>

namespace ringway::bench {

struct ClientsOptions {
  sockaddr_in to{};
  unsigned per_s = 500;               ///< connections begun each second, whatever became of those before
  std::chrono::milliseconds time{};   ///< for which connections are begun
  std::chrono::milliseconds limit{};  ///< a connection without a whole answer after it has failed
};

/// Clients that connect, send 64 bytes, wait for as many and close. Prints a line for each when all have ended:
/// the moment that it began (ns of CLOCK_MONOTONIC), µs until it was connected, µs until its whole answer (-1 where
/// that never came), and "ok" or what went wrong. Throws std::system_error.
void run_clients(const ClientsOptions& options);

}  // namespace ringway::bench
