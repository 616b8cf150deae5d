#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringway::daemon {

/// An HTTP target (`/api/v1/services?namespace=shop`), percent-decoded.
struct Target {
  std::string path;
  std::map<std::string, std::string> query;  ///< of a key that stands twice the first
};
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

/// The other way round; parameters without a value are left out.
[[nodiscard]] std::string make_target(const std::string& path,
                                      const std::vector<std::pair<std::string, std::string>>& query);

/// Where a daemon answers: `http://HOST[:PORT]` (default 9900) or `unix:PATH`.
struct AdminUrl {
  std::string text;  ///< as it was given
  std::string unix_path;
  std::string host;  ///< a name or an address, an IPv6 one without brackets
  std::string port;
};
[[nodiscard]] std::optional<AdminUrl> parse_admin_url(const std::string& text);

}  // namespace ringway::daemon
