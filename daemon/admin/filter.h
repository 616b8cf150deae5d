#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>

#include "discovery/labels/selector.h"

namespace ringway::daemon {

/// What `?namespace=`, `?name=` and `?labelSelector=` of the admin API leave of a list. An empty one leaves all.
struct Filter {
  std::string ns;    ///< "" = every namespace
  std::string name;  ///< "" = every name
  std::optional<discovery::Selector> selector;

  /// Reads the three from a query; other keys are not looked at. The error names what is wrong with the selector.
  static std::expected<Filter, std::string> from(const std::map<std::string, std::string>& query);

  [[nodiscard]] bool matches(const std::string& its_ns, const std::string& its_name,
                             const discovery::Labels& labels) const;
};

}  // namespace ringway::daemon
