#include "proxy/core/sni_routes.h"

namespace ringway::proxy {

void ServerNames::add(std::string_view name, std::uint32_t slot) {
  if (name.starts_with("*.")) {
    suffixes_.emplace(name.substr(1), slot);
  } else {
    exact_.emplace(name, slot);
  }
}

std::optional<std::uint32_t> ServerNames::find(std::string_view name) const {
  if (const auto exact = exact_.find(name); exact != exact_.end()) {
    return exact->second;
  }
  if (suffixes_.empty()) {
    return std::nullopt;
  }
  // A label has a byte at least, so a suffix begins at the second one.
  for (std::size_t dot = name.find('.', 1); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
    if (const auto suffix = suffixes_.find(name.substr(dot)); suffix != suffixes_.end()) {
      return suffix->second;
    }
  }
  return std::nullopt;
}

}  // namespace ringway::proxy
