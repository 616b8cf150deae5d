#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

/// The forms that Kubernetes asks of names and addresses (k8s.io/apimachinery/pkg/util/validation). Each check returns
/// "" where the text is right, else what is allowed.
namespace ringway::config {

[[nodiscard]] std::string check_dns1123_label(std::string_view text);
[[nodiscard]] std::string check_dns1123_subdomain(std::string_view text);
[[nodiscard]] std::string check_dns1035_label(std::string_view text);
/// IANA_SVC_NAME of RFC 6335: the name of a container's port.
[[nodiscard]] std::string check_port_name(std::string_view text);

/// An IPv4 or IPv6 address in canonical text (RFC 5952 for IPv6).
struct Ip {
  std::string text;
  bool v6 = false;
};

/// Nothing where `text` is no address. `%zone` is not an address here.
[[nodiscard]] std::optional<Ip> parse_ip(std::string_view text);
/// `10.0.0.0/8` or `fd00::/8` in canonical text; an address alone is a network of its own (/32, /128). The error says
/// what is allowed.
[[nodiscard]] std::expected<std::string, std::string> parse_network(std::string_view text);
/// The same, but bits after the prefix may be set and do not count, as in what Kubernetes stores.
[[nodiscard]] std::expected<std::string, std::string> parse_loose_network(std::string_view text);
/// Whether `ip` is of `network`; both canonical.
[[nodiscard]] bool network_holds(const std::string& network, const std::string& ip);
/// "" where one can dial or bind `ip`; else why not (unspecified, multicast, broadcast, IPv6 link-local, IPv4-mapped).
[[nodiscard]] std::string check_usable(const Ip& ip);

}  // namespace ringway::config
