#include "discovery/service_index.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>

namespace ringway::discovery {
namespace {

std::string term(std::string_view key, std::string_view value) {
  std::string text(key);
  text += '\0';
  text += value;
  return text;
}

bool names_values(const Requirement& requirement) {
  return requirement.op == Operator::kEquals || requirement.op == Operator::kIn;
}

bool needs_key(const Requirement& requirement) {
  return requirement.op == Operator::kExists || requirement.op == Operator::kGreaterThan ||
         requirement.op == Operator::kLessThan;
}

std::span<const Requirement> requirements_of(const config::Service& service) {
  return service.selector ? std::span(service.selector->requirements()) : std::span<const Requirement>();
}

}  // namespace

ServiceIndex::ServiceIndex(const std::vector<const config::Service*>& services) : services_(services) {
  std::unordered_map<std::string, std::size_t> uses;
  for (const config::Service* service : services_) {
    for (const Requirement& requirement : requirements_of(*service)) {
      if (names_values(requirement)) {
        for (const std::string& value : requirement.values) {
          ++uses[term(requirement.key, value)];
        }
      }
    }
  }
  for (std::size_t position = 0; position < services_.size(); ++position) {
    place(position, uses);
  }
}

void ServiceIndex::place(std::size_t position, const std::unordered_map<std::string, std::size_t>& uses) {
  const config::Service& service = *services_[position];
  const auto requirements = requirements_of(service);
  if (requirements.empty()) {
    return;
  }
  const Requirement* rarest = nullptr;
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (const Requirement& requirement : requirements) {
    if (!names_values(requirement)) {
      continue;
    }
    std::size_t count = 0;
    for (const std::string& value : requirement.values) {
      count += uses.at(term(requirement.key, value));
    }
    if (count < fewest) {
      fewest = count;
      rarest = &requirement;
    }
  }
  const std::string& ns = service.metadata.ns;
  if (rarest != nullptr) {
    for (const std::string& value : rarest->values) {
      by_term_[term(rarest->key, value)][ns].push_back(position);
    }
    return;
  }
  const auto keyed = std::ranges::find_if(requirements, needs_key);
  (keyed == requirements.end() ? always_ : by_term_[keyed->key])[ns].push_back(position);
}

ServiceIndex::Positions ServiceIndex::candidates(const Workload& workload) const {
  Positions found;
  const auto take = [&found, &workload](const ByNamespace& places) {
    if (workload.ns.empty()) {
      for (const auto& [ns, positions] : places) {
        found.insert(found.end(), positions.begin(), positions.end());
      }
    } else if (const auto place = places.find(workload.ns); place != places.end()) {
      found.insert(found.end(), place->second.begin(), place->second.end());
    }
  };
  take(always_);
  for (const auto& [key, value] : workload.labels) {
    for (const std::string& text : {term(key, value), key}) {
      if (const auto places = by_term_.find(text); places != by_term_.end()) {
        take(places->second);
      }
    }
  }
  return found;
}

std::vector<std::size_t> ServiceIndex::matching(const Workload& workload) const {
  Positions found = candidates(workload);
  std::erase_if(found, [this, &workload](std::size_t position) {
    return !services_[position]->selector->matches(workload.labels);
  });
  std::ranges::sort(found);
  const auto doubles = std::ranges::unique(found);
  found.erase(doubles.begin(), doubles.end());
  return found;
}

}  // namespace ringway::discovery
