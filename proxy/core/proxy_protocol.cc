#include "proxy/core/proxy_protocol.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "proxy/core/proxy_protocol_v2.h"

namespace ringway::proxy {
namespace {

using Parsed = std::expected<ProxyHeader, ProxyHeaderError>;

constexpr std::string_view kV1Start = "PROXY ";
/// Section 2.1: "a 108-byte buffer is always enough to store all the line and a trailing zero".
constexpr std::size_t kV1Longest = 107;

Parsed invalid() {
  return std::unexpected(ProxyHeaderError::kInvalid);
}
Parsed incomplete() {
  return std::unexpected(ProxyHeaderError::kIncomplete);
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The next word and its blank; nothing where there is none.
std::optional<std::string_view> take_word(std::string_view& line) {
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos || blank == 0) {
    return std::nullopt;
  }
  const std::string_view word = line.substr(0, blank);
  line.remove_prefix(blank + 1);
  return word;
}

/// Decimal, without a sign or leading zeros.
std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool right = error == std::errc{} && end == text.data() + text.size() && (text.size() == 1 || text[0] != '0');
  return right ? std::optional(port) : std::nullopt;
}

/// `text` may be an IPv4-mapped address, which IpAddress takes for the IPv4 one.
std::optional<IpAddress> address_of(std::string_view text, bool v6) {
  return text.contains(':') == v6 ? IpAddress::parse(text) : std::nullopt;
}

Parsed parse_v1(std::string_view text) {
  const std::size_t end = text.substr(0, kV1Longest).find("\r\n");
  if (end == std::string_view::npos) {
    return text.size() >= kV1Longest ? invalid() : incomplete();
  }
  std::string_view line = text.substr(kV1Start.size(), end - kV1Start.size());
  ProxyHeader header{.connection = {}, .size = end + 2};
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) {
    header.connection.local = true;
    return header;
  }
  const auto family = take_word(line);
  const auto source = take_word(line);
  const auto destination = take_word(line);
  const auto source_port = take_word(line);
  if (!source_port || (*family != "TCP4" && *family != "TCP6")) {
    return invalid();
  }
  const bool v6 = *family == "TCP6";
  const auto from = address_of(*source, v6);
  const auto to = address_of(*destination, v6);
  const auto from_port = port_of(*source_port);
  const auto to_port = port_of(line);
  if (!from || !to || !from_port || !to_port) {
    return invalid();
  }
  header.connection.source = {*from, *from_port};
  header.connection.destination = {*to, *to_port};
  return header;
}

std::vector<std::byte> write_v1(const ProxiedConnection& connection) {
  const bool v6 = connection.source.ip().is_v6() || connection.destination.ip().is_v6();
  const auto ip = [v6](const IpAddress& address) {
    return (v6 && !address.is_v6() ? "::ffff:" : "") + address.to_string();
  };
  std::string line(kV1Start);
  if (connection.local) {
    line += "UNKNOWN";
  } else {
    line += std::string(v6 ? "TCP6 " : "TCP4 ") + ip(connection.source.ip()) + " " + ip(connection.destination.ip()) +
            " " + std::to_string(connection.source.port()) + " " + std::to_string(connection.destination.port());
  }
  line += "\r\n";
  const auto bytes = std::as_bytes(std::span(line));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::expected<ProxyHeader, ProxyHeaderError> parse_proxy_header(std::span<const std::byte> bytes) {
  const auto begins = [&bytes](std::span<const std::byte> start) {
    return std::ranges::equal(bytes.first(std::min(bytes.size(), start.size())),
                              start.first(std::min(bytes.size(), start.size())));
  };
  if (begins(v2::kSignature)) {
    return bytes.size() < v2::kSignature.size() ? incomplete() : v2::parse(bytes);
  }
  if (begins(std::as_bytes(std::span(kV1Start)))) {
    return bytes.size() < kV1Start.size() ? incomplete() : parse_v1(text_of(bytes));
  }
  return invalid();
}

std::vector<std::byte> write_proxy_header(const ProxiedConnection& connection, ProxyVersion version, bool crc32c) {
  switch (version) {
    case ProxyVersion::kV1:
      return write_v1(connection);
    case ProxyVersion::kV2:
      return v2::write(connection, crc32c);
    case ProxyVersion::kNone:
      break;
  }
  return {};
}

}  // namespace ringway::proxy
