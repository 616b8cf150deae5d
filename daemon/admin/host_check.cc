#include "daemon/admin/host_check.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "proxy/core/address.h"

namespace ringway::daemon {

bool is_loopback_host(std::string_view host) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    host = host.substr(0, colon);
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  const auto equal = [](unsigned char a, unsigned char b) { return std::tolower(a) == b; };
  if (std::ranges::equal(host, std::string_view("localhost"), equal)) {
    return true;
  }
  const auto ip = proxy::IpAddress::parse(host);
  return ip && ip->is_loopback();
}

}  // namespace ringway::daemon
