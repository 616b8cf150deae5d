#include "proxy/core/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace ringway::proxy {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  IpAddress ip;
  if (inet_pton(AF_INET, terminated.c_str(), ip.bytes_.data()) == 1) {
    return ip;
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, terminated.c_str(), &v6) != 1) {
    return std::nullopt;
  }
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    std::copy_n(v6.s6_addr + 12, 4, ip.bytes_.begin());
    return ip;
  }
  ip.v6_ = true;
  std::copy_n(v6.s6_addr, 16, ip.bytes_.begin());
  return ip;
}

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress ip;
  const std::uint32_t network_order = htonl(host_order);
  std::memcpy(ip.bytes_.data(), &network_order, sizeof network_order);
  return ip;
}

IpAddress IpAddress::from_bytes(std::span<const std::uint8_t> bytes) {
  IpAddress ip;
  ip.v6_ = bytes.size() == ip.bytes_.size();
  std::ranges::copy(bytes, ip.bytes_.begin());
  return ip;
}

bool IpAddress::is_loopback() const {
  if (!v6_) {
    return bytes_[0] == 127;
  }
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t byte) { return byte == 0; }) && bytes_[15] == 1;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes_.data(), text.data(), text.size());
  return text.data();
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  const auto ip = IpAddress::parse(host);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (!ip || error != std::errc{} || end != digits.data() + digits.size() || digits.empty() ||
      (host.find(':') != std::string_view::npos) != bracketed) {
    return std::nullopt;
  }
  return SocketAddress(*ip, port);
}

SocketAddress SocketAddress::from(const sockaddr_storage& storage) {
  IpAddress ip;
  if (storage.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
    std::memcpy(ip.bytes_.data(), &in.sin_addr, sizeof in.sin_addr);
    return {ip, ntohs(in.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(storage);
    const auto* bytes = in.sin6_addr.s6_addr;
    ip.v6_ = !IN6_IS_ADDR_V4MAPPED(&in.sin6_addr);
    std::copy_n(ip.v6_ ? bytes : bytes + 12, ip.size(), ip.bytes_.begin());
    return {ip, ntohs(in.sin6_port)};
  }
  return {};
}

socklen_t SocketAddress::fill(sockaddr_storage& storage) const {
  storage = {};
  if (ip_.is_v6()) {
    auto& in = reinterpret_cast<sockaddr_in6&>(storage);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port_);
    std::memcpy(in.sin6_addr.s6_addr, ip_.bytes(), 16);
    return sizeof in;
  }
  auto& in = reinterpret_cast<sockaddr_in&>(storage);
  in.sin_family = AF_INET;
  in.sin_port = htons(port_);
  std::memcpy(&in.sin_addr, ip_.bytes(), 4);
  return sizeof in;
}

std::string SocketAddress::to_string() const {
  const std::string host = ip_.is_v6() ? "[" + ip_.to_string() + "]" : ip_.to_string();
  return host + ":" + std::to_string(port_);
}

}  // namespace ringway::proxy
