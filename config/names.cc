#include "config/names.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace ringway::config {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxSubdomain = 253;
constexpr std::size_t kMaxPortName = 15;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_lower_or_digit(char c) {
  return is_lower(c) || (c >= '0' && c <= '9');
}

bool is_dns_label(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabel && is_lower_or_digit(text.front()) &&
         is_lower_or_digit(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_subdomain_part(std::string_view text) {
  return !text.empty() && is_lower_or_digit(text.front()) && is_lower_or_digit(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

}  // namespace

std::string check_dns1123_label(std::string_view text) {
  return is_dns_label(text)
             ? ""
             : "1 to 63 lowercase letters, digits and '-' are allowed, with a letter or digit at both ends";
}

std::string check_dns1123_subdomain(std::string_view text) {
  bool right = text.size() <= kMaxSubdomain;
  for (std::string_view rest = text; right;) {
    const std::size_t dot = rest.find('.');
    right = is_subdomain_part(rest.substr(0, dot));
    if (dot == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(dot + 1);
  }
  return right ? ""
               : "1 to 253 lowercase letters, digits, '-' and '.' are allowed, with a letter or digit at both ends of "
                 "each part";
}

std::string check_dns1035_label(std::string_view text) {
  return is_dns_label(text) && is_lower(text.front()) ? ""
                                                      : "1 to 63 lowercase letters, digits and '-' are allowed, "
                                                        "beginning with a letter and ending with a letter "
                                                        "or digit";
}

std::string check_port_name(std::string_view text) {
  const bool right = is_dns_label(text) && text.size() <= kMaxPortName && std::ranges::any_of(text, is_lower) &&
                     text.find("--") == std::string_view::npos;
  return right ? ""
               : "1 to 15 lowercase letters, digits and single '-' are allowed, with at least one letter, and a letter "
                 "or "
                 "digit at both ends";
}

std::optional<Ip> parse_ip(std::string_view text) {
  const std::string terminated(text);
  if (terminated.size() != std::strlen(terminated.c_str())) {
    return std::nullopt;
  }
  std::array<std::uint8_t, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, terminated.c_str(), bytes.data()) == 1) {
      inet_ntop(family, bytes.data(), canonical.data(), canonical.size());
      return Ip{canonical.data(), family == AF_INET6};
    }
  }
  return std::nullopt;
}

namespace {

std::expected<std::string, std::string> parse_network(std::string_view text, bool loose) {
  const std::size_t slash = text.find('/');
  const auto ip = parse_ip(text.substr(0, slash));
  if (!ip) {
    return std::unexpected("a network like 10.0.0.0/8 or fd00::/8, or an address, is needed");
  }
  std::array<std::uint8_t, 16> bytes{};
  inet_pton(ip->v6 ? AF_INET6 : AF_INET, ip->text.c_str(), bytes.data());
  if (ip->v6 && ip->text.starts_with("::ffff:") && ip->text.find('.') != std::string::npos) {
    return std::unexpected("an IPv4-mapped address stands for an IPv4 one, which is needed here");
  }
  const int most = ip->v6 ? 128 : 32;
  int bits = most;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits < 0 || bits > most) {
      return std::unexpected("the length of the prefix is a whole number from 0 to " + std::to_string(most));
    }
  }
  for (int bit = bits; bit < most; ++bit) {
    std::uint8_t& byte = bytes.at(bit / 8);
    const auto mask = static_cast<std::uint8_t>(0x80U >> bit % 8);
    if (!loose && (byte & mask) != 0) {
      return std::unexpected("no bit after the first " + std::to_string(bits) + " may be set");
    }
    byte &= static_cast<std::uint8_t>(~mask);
  }
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  inet_ntop(ip->v6 ? AF_INET6 : AF_INET, bytes.data(), canonical.data(), canonical.size());
  return std::string(canonical.data()) + "/" + std::to_string(bits);
}

}  // namespace

std::expected<std::string, std::string> parse_network(std::string_view text) {
  return parse_network(text, false);
}

std::expected<std::string, std::string> parse_loose_network(std::string_view text) {
  return parse_network(text, true);
}

bool network_holds(const std::string& network, const std::string& ip) {
  const std::size_t slash = network.find('/');
  if (slash == std::string::npos) {
    return network == ip;
  }
  if (network.contains(':') != ip.contains(':')) {
    return false;
  }
  const auto of_ip = parse_loose_network(ip + network.substr(slash));
  return of_ip && *of_ip == network;
}

std::string check_usable(const Ip& ip) {
  if (ip.v6) {
    in6_addr address{};
    inet_pton(AF_INET6, ip.text.c_str(), &address);
    if (IN6_IS_ADDR_UNSPECIFIED(&address)) {
      return "the unspecified address stands for no host";
    }
    if (IN6_IS_ADDR_MULTICAST(&address)) {
      return "a multicast address stands for no host";
    }
    if (IN6_IS_ADDR_LINKLOCAL(&address)) {
      return "a link-local address needs a zone, which is not supported";
    }
    return IN6_IS_ADDR_V4MAPPED(&address) ? "write the IPv4 address instead of the IPv4-mapped one" : "";
  }
  in_addr address{};
  inet_pton(AF_INET, ip.text.c_str(), &address);
  const std::uint32_t host_order = ntohl(address.s_addr);
  if (host_order >> 24 == 0) {
    return "an address in 0.0.0.0/8 stands for no host";
  }
  if (IN_MULTICAST(host_order)) {
    return "a multicast address stands for no host";
  }
  return host_order == INADDR_BROADCAST ? "the broadcast address stands for no host" : "";
}

}  // namespace ringway::config
