#include <algorithm>
#include <ranges>
#include <string>

#include "discovery/labels/selector.h"
#include "tests/fuzz/check.h"

namespace ringway::fuzz {
namespace {

using discovery::Labels;
using discovery::Selector;

/// Labels that the selector speaks of, some with its own values, as `seed` says.
Labels labels_for(const Selector& selector, std::size_t seed) {
  Labels labels;
  for (const auto& requirement : selector.requirements()) {
    seed = seed * 31 + requirement.key.size();
    if (seed % 3 != 0) {
      labels[requirement.key] =
          requirement.values.empty() || seed % 3 == 1 ? "7" : requirement.values[seed % requirement.values.size()];
    }
  }
  return labels;
}

bool every_requirement_matches(const Selector& selector, const Labels& labels) {
  return std::ranges::all_of(selector.requirements(),
                             [&](const auto& requirement) { return requirement.matches(labels); });
}

}  // namespace

/// What parses has a canonical form that parses to the same, and matches where each of its requirements does.
void try_text(std::string_view text) {
  const auto selector = Selector::parse(text);
  if (!selector) {
    promise(selector.error().position <= text.size(), "an error stands inside of the text");
    promise(!selector.error().what.empty(), "an error has words");
    return;
  }
  const std::string canonical = selector->to_string();
  const auto again = Selector::parse(canonical);
  promise(again.has_value(), "the canonical form parses");
  promise(again->to_string() == canonical, "the canonical form is canonical");
  const Labels labels = labels_for(*selector, text.size());
  promise(selector->matches(labels) == every_requirement_matches(*selector, labels), "requirements are joined by AND");
  promise(selector->matches(labels) == again->matches(labels), "the canonical form means the same");
}

}  // namespace ringway::fuzz
