#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ringway::proxy {

/// An IPv4 or IPv6 address without a port. A value: 17 bytes, ordered, hashable. Scopes (`%eth0`) are not carried.
class IpAddress {
 public:
  IpAddress() = default;  ///< 0.0.0.0

  /// Accepts what inet_pton(3) accepts; an IPv4-mapped IPv6 address becomes the IPv4 address it stands for.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::uint32_t host_order);
  /// 4 or 16 bytes in network order.
  static IpAddress from_bytes(std::span<const std::uint8_t> bytes);

  [[nodiscard]] bool is_v6() const { return v6_; }
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] std::string to_string() const;
  /// 4 or 16 bytes in network order.
  [[nodiscard]] const std::uint8_t* bytes() const { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const { return v6_ ? 16 : 4; }

  auto operator<=>(const IpAddress&) const = default;

 private:
  friend class SocketAddress;
  bool v6_ = false;
  std::array<std::uint8_t, 16> bytes_{};
};

/// An IP address and a port (host order). Printed as `10.0.0.1:80` and `[fd00::1]:80`.
class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(IpAddress ip, std::uint16_t port) : ip_(ip), port_(port) {}

  static std::optional<SocketAddress> parse(std::string_view text);
  /// Anything but AF_INET and AF_INET6 gives 0.0.0.0:0.
  static SocketAddress from(const sockaddr_storage& storage);
  /// Fills `storage` and returns the length that bind(2) and connect(2) want.
  socklen_t fill(sockaddr_storage& storage) const;

  [[nodiscard]] const IpAddress& ip() const { return ip_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int family() const { return ip_.is_v6() ? AF_INET6 : AF_INET; }
  [[nodiscard]] std::string to_string() const;

  auto operator<=>(const SocketAddress&) const = default;

 private:
  IpAddress ip_;
  std::uint16_t port_ = 0;
};

}  // namespace ringway::proxy

template <>
struct std::hash<ringway::proxy::IpAddress> {
  std::size_t operator()(const ringway::proxy::IpAddress& ip) const noexcept {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(ip.bytes()), ip.size()});
  }
};

template <>
struct std::hash<ringway::proxy::SocketAddress> {
  std::size_t operator()(const ringway::proxy::SocketAddress& address) const noexcept {
    return std::hash<ringway::proxy::IpAddress>{}(address.ip()) * 31 + address.port();
  }
};
