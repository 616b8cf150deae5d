#pragma once

#include <string>

#include "proxy/core/address.h"

namespace ringway::test {

using proxy::IpAddress;
using proxy::SocketAddress;

/// Addresses that no other test process of this network namespace uses at the same time: VIPs in 127.96.0.0/16,
/// endpoints in 127.0.0.0/16. Each call gives another one, 250 of a kind for each process, then they come again.
IpAddress next_vip_ip();
IpAddress next_endpoint_ip();

/// The port that a VIP of ours listens on. Below the ephemeral range; its address is ours alone.
inline constexpr std::uint16_t kVipPort = 8080;
inline SocketAddress next_vip() {
  return {next_vip_ip(), kVipPort};
}

/// A port of `ip` that nobody listens on, so that connects are refused.
SocketAddress refusing_endpoint();

/// A folder of its own under the temporary folder, removed with all in it at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// Raises the limit of open files of this process to what it may be; returns it.
std::uint64_t raise_file_limit();

}  // namespace ringway::test
