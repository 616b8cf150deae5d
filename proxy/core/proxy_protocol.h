#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/core/address.h"

/// The header in which a proxy tells the next one whom it speaks for: "The PROXY protocol, versions 1 & 2" (Willy
/// Tarreau, HAProxy's doc/proxy-protocol.txt). Pure.
namespace ringway::proxy {

/// Whom a connection is about.
struct ProxiedConnection {
  bool local = false;         ///< made by the proxy itself (LOCAL), or of an unknown kind: the addresses say nothing
  SocketAddress source;       ///< the client's
  SocketAddress destination;  ///< that the client dialed
  std::string authority;      ///< PP2_TYPE_AUTHORITY, the name that the client asked for (SNI); "" = none
  std::string unique_id;      ///< PP2_TYPE_UNIQUE_ID, up to 128 bytes of any value; "" = none
};

/// Headers are refused beyond this, though version 2 could announce 64 KiB: addresses and the TLVs that are defined
/// take less than a quarter of it.
inline constexpr std::size_t kMaxProxyHeader_bytes = 4096;

enum class ProxyHeaderError : std::uint8_t {
  kIncomplete,  ///< right so far; ask again with more
  kInvalid,
};

struct ProxyHeader {
  ProxiedConnection connection;
  std::size_t size = 0;  ///< bytes of the header; what follows is the client's
};

/// Reads the header of either version that `bytes` begin with. Strict: what the specification does not allow is
/// invalid, so are addresses that are no numbers, a wrong CRC32C, and datagrams. UNIX and unspecified addresses count
/// as local.
[[nodiscard]] std::expected<ProxyHeader, ProxyHeaderError> parse_proxy_header(std::span<const std::byte> bytes);

enum class ProxyVersion : std::uint8_t { kNone, kV1, kV2 };

/// Writes a header. The addresses are of one family; of another (an IPv6 client told of by a proxy that dialed IPv4)
/// the IPv4 one is written IPv4-mapped. Version 1 has no room for authority and id. `crc32c` adds that checksum
/// (version 2).
[[nodiscard]] std::vector<std::byte> write_proxy_header(const ProxiedConnection& connection, ProxyVersion version,
                                                        bool crc32c);

}  // namespace ringway::proxy
