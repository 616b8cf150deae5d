#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/keys.h"
#include "config/policy.h"

namespace ringway::config {
namespace {

using discovery::Operator;
using discovery::Requirement;

bool decode_match_labels(const Cursor& labels, std::vector<Requirement>& into) {
  bool right = true;
  for (const auto& [key, entry] : labels.map()) {
    const auto value = entry.string();
    if (!value) {
      if (!entry.present()) {
        entry.fail("a label value is needed, \"\" for the empty one");
      }
      right = false;
      continue;
    }
    into.push_back({std::string(key), Operator::kEquals, {*value}});
  }
  return right;
}

std::optional<Requirement> decode_expression(const Cursor& expression) {
  expression.allow_only(kMatchExpressionKeys);
  const auto key = expression["key"].string();
  const Cursor op_at = expression["operator"];
  const auto op = op_at.one_of<Operator>({{"In", Operator::kIn},
                                          {"NotIn", Operator::kNotIn},
                                          {"Exists", Operator::kExists},
                                          {"DoesNotExist", Operator::kDoesNotExist}});
  if (!expression["key"].present()) {
    expression.fail("a key is needed");
  }
  if (!op_at.present()) {
    expression.fail("an operator is needed, one of In, NotIn, Exists, DoesNotExist");
  }
  Requirement requirement;
  bool right = key && op;
  for (const Cursor& entry : expression["values"].list()) {
    const auto value = entry.string();
    right = right && value;
    requirement.values.push_back(value.value_or(""));
  }
  if (!right) {
    return std::nullopt;
  }
  requirement.key = *key;
  requirement.op = *op;
  return requirement;
}

// A requirement is checked by itself, so that the mistake stands at its own place.
bool check(const Cursor& at, const Requirement& requirement) {
  const auto selector = Selector::from_requirements({requirement});
  if (!selector) {
    at.fail(selector.error().what);
  }
  return selector.has_value();
}

std::optional<Selector> decode_object(const Cursor& object) {
  object.allow_only(kSelectorKeys);
  std::vector<Requirement> requirements;
  const Cursor labels = object["matchLabels"];
  bool right = decode_match_labels(labels, requirements);
  for (const Requirement& requirement : requirements) {
    right = check(labels, requirement) && right;
  }
  for (const Cursor& entry : object["matchExpressions"].list()) {
    auto requirement = decode_expression(entry);
    right = requirement && check(entry, *requirement) && right;
    if (requirement) {
      requirements.push_back(std::move(*requirement));
    }
  }
  if (!right) {
    return std::nullopt;
  }
  auto selector = Selector::from_requirements(std::move(requirements));
  return selector ? std::optional(std::move(*selector)) : std::nullopt;
}

}  // namespace

std::optional<Selector> decode_selector(const Cursor& selector) {
  if (!selector.present()) {
    return std::nullopt;
  }
  if (selector.is_map()) {
    return decode_object(selector);
  }
  const auto text = selector.string();
  if (!text) {
    return std::nullopt;
  }
  auto parsed = Selector::parse(*text);
  if (!parsed) {
    selector.fail("character " + std::to_string(parsed.error().position + 1) + ": " + parsed.error().what);
    return std::nullopt;
  }
  return std::move(*parsed);
}

}  // namespace ringway::config
