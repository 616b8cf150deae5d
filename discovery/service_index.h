#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/values.h"
#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// Finds the Services that select a workload without asking each of them.
///
/// A Service stands under one of its requirements: under each value of an `=` or `in`, else under the key of another
/// that needs the key to be there. Of several `=` and `in` the one with the fewest Services under it is taken, so that
/// a label that all share does not put them all in one place. Only a selector that any workload might match
/// (`!key`, `!=`, `notin` alone) is asked each time.
class ServiceIndex {
 public:
  ServiceIndex() = default;
  /// `services` must outlive the index; those without a selector, or with an empty one, select nothing.
  explicit ServiceIndex(const std::vector<const config::Service*>& services);

  /// Positions in the list of Services, sorted, of those in the workload's namespace (in any, where it has none) whose
  /// selector matches.
  [[nodiscard]] std::vector<std::size_t> matching(const Workload& workload) const;

  /// Selectors that `matching` would evaluate for `workload`: what a lookup costs.
  [[nodiscard]] std::size_t cost(const Workload& workload) const { return candidates(workload).size(); }

 private:
  using Positions = std::vector<std::size_t>;
  using ByNamespace = std::map<std::string, Positions, std::less<>>;

  void place(std::size_t position, const std::unordered_map<std::string, std::size_t>& uses);
  [[nodiscard]] Positions candidates(const Workload& workload) const;

  std::vector<const config::Service*> services_;
  std::unordered_map<std::string, ByNamespace> by_term_;  ///< "key\0value", or "key" alone
  ByNamespace always_;
};

}  // namespace ringway::discovery
