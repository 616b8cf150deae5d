#pragma once

#include <cstddef>
#include <cstdint>

/// What RLIMIT_NOFILE, as it stands now, leaves to sessions. Any thread.
namespace ringway::proxy {

/// Files that sessions leave to the control plane: probes, admin clients, watches, and a batch of accepts over the
/// limit.
inline constexpr std::uint64_t kReservedFiles = 256;

/// Pipes of one of `workers`: RingOptions' number, where all together take a 16th of the files at the most.
[[nodiscard]] std::uint32_t pipes_allowed(std::uint32_t workers);

/// Sessions of all `workers`, beside so many listening sockets; at least 1.
[[nodiscard]] std::uint32_t sessions_allowed(std::size_t listening_sockets, std::uint32_t workers);

}  // namespace ringway::proxy
