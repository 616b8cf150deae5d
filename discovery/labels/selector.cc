#include "discovery/labels/selector.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "discovery/labels/parser.h"
#include "discovery/labels/requirement.h"

namespace ringway::discovery {
namespace {

void make_canonical(std::vector<Requirement>& requirements) {
  std::ranges::sort(requirements, [](const Requirement& a, const Requirement& b) {
    return std::tie(a.key, a.op, a.values) < std::tie(b.key, b.op, b.values);
  });
  requirements.erase(std::ranges::unique(requirements).begin(), requirements.end());
}

}  // namespace

std::expected<Selector, SelectorError> Selector::parse(std::string_view text) {
  auto requirements = parse_requirements(text);
  if (!requirements) {
    return std::unexpected(std::move(requirements.error()));
  }
  Selector selector;
  selector.requirements_ = std::move(*requirements);
  make_canonical(selector.requirements_);
  return selector;
}

std::expected<Selector, SelectorError> Selector::from_map(const Labels& equal) {
  std::vector<Requirement> requirements;
  requirements.reserve(equal.size());
  for (const auto& [key, value] : equal) {
    requirements.push_back({key, Operator::kEquals, {value}});
  }
  return from_requirements(std::move(requirements));
}

std::expected<Selector, SelectorError> Selector::from_requirements(std::vector<Requirement> requirements) {
  for (Requirement& requirement : requirements) {
    std::ranges::sort(requirement.values);
    requirement.values.erase(std::ranges::unique(requirement.values).begin(), requirement.values.end());
    if (std::string what = check(requirement); !what.empty()) {
      return std::unexpected(SelectorError{0, std::move(what)});
    }
  }
  Selector selector;
  selector.requirements_ = std::move(requirements);
  make_canonical(selector.requirements_);
  return selector;
}

bool Selector::matches(const Labels& labels) const {
  return std::ranges::all_of(requirements_, [&](const Requirement& r) { return r.matches(labels); });
}

std::string Selector::to_string() const {
  std::string text;
  for (const Requirement& requirement : requirements_) {
    text += (text.empty() ? "" : ",") + discovery::to_string(requirement);
  }
  return text;
}

}  // namespace ringway::discovery
