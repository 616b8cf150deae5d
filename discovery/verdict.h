#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "discovery/reconciler.h"
#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// Why a workload, or an address of an EndpointSlice, is behind a Service or is not.
struct Verdict {
  std::string workload;   ///< `namespace/name`, or the name alone; the address where it has no name
  std::string source;     ///< "docker", "file", "endpointslice"
  bool selected = false;  ///< the Service's selector, or one of its EndpointSlices, names it
  bool in = false;        ///< it takes new sessions, on one port at least
  std::vector<std::string>
      reasons;  ///< for a person, never empty: a line for each port, or for each thing that is amiss
};

struct Verdicts {
  std::vector<Verdict> items;  ///< the selected ones, then the others, nearest first
  std::size_t left_out = 0;    ///< further ones that the selector does not want
};

/// Of those that the selector does not want, as many are named at most; where there are more of them, those alone to
/// which one thing is amiss.
inline constexpr std::size_t kNamedMisses = 20;

/// `service` is a view of now, `workloads` those of the Store. Costs a look at each workload.
[[nodiscard]] Verdicts judge(const ServiceView& service,
                             const std::map<std::pair<std::string, std::string>, Workload>& workloads);

}  // namespace ringway::discovery
