#include "daemon/admin/candidates_json.h"

#include <nlohmann/json.hpp>

#include "discovery/verdict.h"

namespace ringway::daemon {

using nlohmann::json;

json candidates_json(const std::vector<discovery::ServiceView>& services, const Board::Workloads& workloads,
                     const Filter& filter) {
  json out = json::array();
  for (const auto& view : services) {
    const auto& service = *view.service;
    if (!filter.matches(service.metadata.ns, service.metadata.name, service.metadata.labels)) {
      continue;
    }
    const auto verdicts = discovery::judge(view, workloads);
    json candidates = json::array();
    for (const auto& verdict : verdicts.items) {
      candidates.push_back({{"workload", verdict.workload},
                            {"source", verdict.source},
                            {"selected", verdict.selected},
                            {"in", verdict.in},
                            {"reasons", verdict.reasons}});
    }
    out.push_back({{"namespace", service.metadata.ns},
                   {"service", service.metadata.name},
                   {"selector", service.selector ? service.selector->to_string() : ""},
                   {"candidates", std::move(candidates)},
                   {"leftOut", verdicts.left_out}});
  }
  return out;
}

}  // namespace ringway::daemon
