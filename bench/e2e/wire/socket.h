#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ringway::bench {

/// Throws std::invalid_argument where `text` is not IPv4:PORT.
sockaddr_in read_address(const std::string& text);
/// The same address, `ports` further.
sockaddr_in next_port(sockaddr_in address, std::uint16_t ports);

// All below throw std::system_error. Sockets are blocking and without Nagle's delay.
int open_socket();
int listen_on(const sockaddr_in& address);
int connect_to(const sockaddr_in& address);
void send_all(int fd, std::span<const std::byte> bytes);
/// Fills `bytes`.
void receive_all(int fd, std::span<std::byte> bytes);

/// CLOCK_MONOTONIC, which all processes of a machine share.
std::uint64_t now_ns();

}  // namespace ringway::bench
