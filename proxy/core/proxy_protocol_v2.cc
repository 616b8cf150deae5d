#include "proxy/core/proxy_protocol_v2.h"

#include <algorithm>
#include <boost/crc.hpp>
#include <optional>
#include <utility>

namespace ringway::proxy::v2 {
namespace {

using Parsed = std::expected<ProxyHeader, ProxyHeaderError>;
using Bytes = std::span<const std::byte>;

constexpr std::size_t kFixed_bytes = 16;  ///< signature, version and command, family, length
constexpr std::size_t kVersionAt = 12;
constexpr std::size_t kFamilyAt = 13;
constexpr std::size_t kLengthAt = 14;

constexpr std::uint8_t kVersion = 0x20;
constexpr std::uint8_t kLocal = 0x0;
constexpr std::uint8_t kProxy = 0x1;

constexpr std::uint8_t kUnspecified = 0x00;
constexpr std::uint8_t kTcp4 = 0x11;
constexpr std::uint8_t kTcp6 = 0x21;
constexpr std::uint8_t kUnixStream = 0x31;
constexpr std::size_t kUnix_bytes = 216;

constexpr std::uint8_t kAuthority = 0x02;
constexpr std::uint8_t kCrc32c = 0x03;
constexpr std::uint8_t kUniqueId = 0x05;
constexpr std::size_t kTlv_bytes = 3;  ///< type and length
constexpr std::size_t kCrc_bytes = 4;
constexpr std::size_t kLongestId = 128;

std::uint8_t byte_at(Bytes bytes, std::size_t at) {
  return std::to_integer<std::uint8_t>(bytes[at]);
}
std::uint16_t word_at(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8U | byte_at(bytes, at + 1));
}

IpAddress address_at(Bytes bytes, std::size_t at, std::size_t size) {
  std::array<std::uint8_t, 16> raw{};
  std::ranges::transform(bytes.subspan(at, size), raw.begin(),
                         [](std::byte one) { return std::to_integer<std::uint8_t>(one); });
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool mapped = size == raw.size() && std::ranges::equal(std::span(raw).first(kMapped.size()), kMapped);
  return IpAddress::from_bytes(mapped ? std::span(raw).last(4) : std::span(raw).first(size));
}

/// CRC32C (RFC 4960, appendix B) of the header, with zeros where the checksum stands.
std::uint32_t checksum(Bytes header, std::size_t crc_at) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  constexpr std::array<std::byte, kCrc_bytes> kZeros{};
  crc.process_bytes(header.data(), crc_at);
  crc.process_bytes(kZeros.data(), kZeros.size());
  const Bytes rest = header.subspan(crc_at + kCrc_bytes);
  crc.process_bytes(rest.data(), rest.size());
  return crc.checksum();
}

/// False where they are not what the specification allows. `at` is where they begin in the header.
bool read_tlvs(Bytes header, std::size_t at, ProxiedConnection& connection) {
  while (at < header.size()) {
    if (header.size() - at < kTlv_bytes || header.size() - at - kTlv_bytes < word_at(header, at + 1)) {
      return false;
    }
    const std::size_t size = word_at(header, at + 1);
    const std::size_t value = at + kTlv_bytes;
    const std::string text(reinterpret_cast<const char*>(header.data()) + value, size);
    switch (byte_at(header, at)) {
      case kAuthority:
        connection.authority = text;
        break;
      case kUniqueId:
        if (size > kLongestId) {
          return false;
        }
        connection.unique_id = text;
        break;
      case kCrc32c:
        if (size != kCrc_bytes ||
            (std::uint32_t{word_at(header, value)} << 16U | word_at(header, value + 2)) != checksum(header, value)) {
          return false;
        }
        break;
      default:
        break;
    }
    at = value + size;
  }
  return true;
}

void put(std::vector<std::byte>& out, std::uint8_t byte) {
  out.push_back(static_cast<std::byte>(byte));
}
void put_word(std::vector<std::byte>& out, std::size_t word) {
  put(out, static_cast<std::uint8_t>(word >> 8U));
  put(out, static_cast<std::uint8_t>(word & 0xffU));
}

void put_address(std::vector<std::byte>& out, const IpAddress& ip, bool v6) {
  if (v6 && !ip.is_v6()) {
    out.insert(out.end(), 10, std::byte{0});
    out.insert(out.end(), 2, std::byte{0xff});
  }
  for (const std::uint8_t byte : std::span(ip.bytes(), ip.size())) {
    put(out, byte);
  }
}

void put_tlv(std::vector<std::byte>& out, std::uint8_t type, std::string_view value) {
  put(out, type);
  put_word(out, value.size());
  std::ranges::transform(value, std::back_inserter(out), [](char one) { return static_cast<std::byte>(one); });
}

}  // namespace

Parsed parse(Bytes bytes) {
  if (bytes.size() < kFixed_bytes) {
    return std::unexpected(ProxyHeaderError::kIncomplete);
  }
  const std::uint8_t command = byte_at(bytes, kVersionAt) & 0x0fU;
  const std::size_t size = kFixed_bytes + word_at(bytes, kLengthAt);
  if ((byte_at(bytes, kVersionAt) & 0xf0U) != kVersion || command > kProxy || size > kMaxProxyHeader_bytes) {
    return std::unexpected(ProxyHeaderError::kInvalid);
  }
  if (bytes.size() < size) {
    return std::unexpected(ProxyHeaderError::kIncomplete);
  }
  const Bytes header = bytes.first(size);
  const std::uint8_t family = byte_at(bytes, kFamilyAt);
  const std::size_t ip_bytes = family == kTcp4 ? 4 : 16;
  const bool tcp = family == kTcp4 || family == kTcp6;
  const std::size_t addresses = tcp ? 2 * (ip_bytes + 2) : family == kUnixStream ? kUnix_bytes : 0;
  ProxyHeader result{.connection = {.local = command == kLocal || !tcp}, .size = size};
  // Of LOCAL the receiver must take nothing but the length, whatever the family says.
  if (command == kLocal) {
    return result;
  }
  if ((!tcp && family != kUnixStream && family != kUnspecified) || size < kFixed_bytes + addresses) {
    return std::unexpected(ProxyHeaderError::kInvalid);
  }
  if (tcp) {
    const std::size_t ports = kFixed_bytes + 2 * ip_bytes;
    result.connection.source = {address_at(header, kFixed_bytes, ip_bytes), word_at(header, ports)};
    result.connection.destination = {address_at(header, kFixed_bytes + ip_bytes, ip_bytes), word_at(header, ports + 2)};
  }
  // What follows unspecified addresses may be anything.
  ProxiedConnection told = result.connection;
  if (family != kUnspecified && !read_tlvs(header, kFixed_bytes + addresses, told)) {
    return std::unexpected(ProxyHeaderError::kInvalid);
  }
  // About a connection of its own a proxy can tell the next one nothing.
  if (tcp) {
    result.connection = std::move(told);
  }
  return result;
}

std::vector<std::byte> write(const ProxiedConnection& connection, bool crc32c) {
  const bool v6 = connection.source.ip().is_v6() || connection.destination.ip().is_v6();
  std::vector<std::byte> out(kSignature.begin(), kSignature.end());
  put(out, kVersion | (connection.local ? kLocal : kProxy));
  put(out, connection.local ? kUnspecified : v6 ? kTcp6 : kTcp4);
  put_word(out, 0);
  if (!connection.local) {
    put_address(out, connection.source.ip(), v6);
    put_address(out, connection.destination.ip(), v6);
    put_word(out, connection.source.port());
    put_word(out, connection.destination.port());
  }
  if (!connection.authority.empty()) {
    put_tlv(out, kAuthority, connection.authority);
  }
  if (!connection.unique_id.empty()) {
    put_tlv(out, kUniqueId, connection.unique_id);
  }
  if (crc32c) {
    put_tlv(out, kCrc32c, std::string_view("\0\0\0\0", kCrc_bytes));
  }
  const std::size_t length = out.size() - kFixed_bytes;
  out[kLengthAt] = static_cast<std::byte>(length >> 8U);
  out[kLengthAt + 1] = static_cast<std::byte>(length & 0xffU);
  if (crc32c) {
    const std::uint32_t sum = checksum(out, out.size() - kCrc_bytes);
    for (std::size_t i = 0; i < kCrc_bytes; ++i) {
      out[out.size() - kCrc_bytes + i] = static_cast<std::byte>(sum >> (8U * (kCrc_bytes - 1 - i)) & 0xffU);
    }
  }
  return out;
}

}  // namespace ringway::proxy::v2
