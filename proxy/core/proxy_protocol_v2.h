#pragma once

#include <array>
#include <cstddef>

#include "proxy/core/proxy_protocol.h"

/// The binary version of the header, section 2.2 of the specification.
namespace ringway::proxy::v2 {

inline constexpr std::array<std::byte, 12> kSignature = {
    std::byte{0x0d}, std::byte{0x0a}, std::byte{0x0d}, std::byte{0x0a}, std::byte{0x00}, std::byte{0x0d},
    std::byte{0x0a}, std::byte{0x51}, std::byte{0x55}, std::byte{0x49}, std::byte{0x54}, std::byte{0x0a}};

/// `bytes` begin with the signature.
[[nodiscard]] std::expected<ProxyHeader, ProxyHeaderError> parse(std::span<const std::byte> bytes);
[[nodiscard]] std::vector<std::byte> write(const ProxiedConnection& connection, bool crc32c);

}  // namespace ringway::proxy::v2
