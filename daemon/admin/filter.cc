#include "daemon/admin/filter.h"

namespace ringway::daemon {

std::expected<Filter, std::string> Filter::from(const std::map<std::string, std::string>& query) {
  Filter filter;
  if (const auto ns = query.find("namespace"); ns != query.end()) {
    filter.ns = ns->second;
  }
  if (const auto name = query.find("name"); name != query.end()) {
    filter.name = name->second;
  }
  if (const auto text = query.find("labelSelector"); text != query.end()) {
    auto selector = discovery::Selector::parse(text->second);
    if (!selector) {
      return std::unexpected("labelSelector \"" + text->second + "\", byte " +
                             std::to_string(selector.error().position) + ": " + selector.error().what);
    }
    filter.selector = std::move(*selector);
  }
  return filter;
}

bool Filter::matches(const std::string& its_ns, const std::string& its_name, const discovery::Labels& labels) const {
  return (ns.empty() || ns == its_ns) && (name.empty() || name == its_name) && (!selector || selector->matches(labels));
}

}  // namespace ringway::daemon
