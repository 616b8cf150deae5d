#include "discovery/drain_marks.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ringway::discovery {

std::string DrainMark::to_string() const {
  if (!address) {
    return workload;
  }
  return address->to_string() + (workload.empty() ? "" : " (" + workload + ")");
}

std::optional<DrainLifetime> drain_of(const DrainMarks& marks, const proxy::SocketAddress& address,
                                      std::string_view workload) {
  if (marks.empty()) {
    return std::nullopt;
  }
  std::optional<DrainLifetime> longest;
  const auto look = [&marks, &longest](const DrainMark& mark) {
    if (const auto found = marks.find(mark); found != marks.end()) {
      longest = std::max(longest.value_or(found->second), found->second);
    }
  };
  look({address, std::string(workload)});
  if (!workload.empty()) {
    look({std::nullopt, std::string(workload)});
  }
  return longest;
}

void add_drain(DrainMarks& marks, DrainMark mark, DrainLifetime lifetime) {
  DrainLifetime& kept = marks.try_emplace(std::move(mark), lifetime).first->second;
  kept = std::max(kept, lifetime);
}

DrainMarks persisted(const DrainMarks& marks) {
  DrainMarks kept;
  std::ranges::copy_if(marks, std::inserter(kept, kept.end()),
                       [](const auto& mark) { return mark.second == DrainLifetime::kPersisted; });
  return kept;
}

bool names_workload(std::string_view text, std::string_view workload) {
  return !workload.empty() && (text == workload || workload.ends_with("/" + std::string(text)));
}

}  // namespace ringway::discovery
