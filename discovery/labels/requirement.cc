#include "discovery/labels/requirement.h"

#include <algorithm>
#include <charconv>

namespace ringway::discovery {
namespace {

bool holds(const std::vector<std::string>& values, const std::string& value) {
  return values.size() == 1 ? values.front() == value : std::ranges::binary_search(values, value);
}

bool compares(const Requirement& requirement, const std::string& value) {
  const auto left = parse_int64(value);
  const auto right = requirement.values.empty() ? std::nullopt : parse_int64(requirement.values.front());
  if (!left || !right) {
    return false;
  }
  return requirement.op == Operator::kGreaterThan ? *left > *right : *left < *right;
}

std::string check_count(const Requirement& requirement) {
  switch (requirement.op) {
    case Operator::kIn:
    case Operator::kNotIn:
      return requirement.values.empty() ? "'in' and 'notin' need at least one value" : "";
    case Operator::kExists:
    case Operator::kDoesNotExist:
      return requirement.values.empty() ? "" : "'exists' and 'does not exist' take no value";
    default:
      return requirement.values.size() == 1 ? "" : "exactly one value is needed";
  }
}

std::string join(const std::vector<std::string>& values) {
  std::string joined;
  for (const std::string& value : values) {
    joined += (&value == &values.front() ? "" : ",") + value;
  }
  return joined;
}

}  // namespace

bool Requirement::matches(const Labels& labels) const {
  const auto found = labels.find(key);
  const bool present = found != labels.end();
  switch (op) {
    case Operator::kEquals:
    case Operator::kIn:
      return present && holds(values, found->second);
    case Operator::kNotEquals:
    case Operator::kNotIn:
      return !present || !holds(values, found->second);
    case Operator::kExists:
      return present;
    case Operator::kDoesNotExist:
      return !present;
    case Operator::kGreaterThan:
    case Operator::kLessThan:
      return present && compares(*this, found->second);
  }
  return false;
}

std::optional<std::int64_t> parse_int64(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) {
      return std::nullopt;
    }
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::string check(const Requirement& requirement) {
  if (std::string what = check_label_key(requirement.key); !what.empty()) {
    return "key '" + requirement.key + "': " + what;
  }
  if (std::string what = check_count(requirement); !what.empty()) {
    return "key '" + requirement.key + "': " + what;
  }
  const bool numeric = requirement.op == Operator::kGreaterThan || requirement.op == Operator::kLessThan;
  for (const std::string& value : requirement.values) {
    if (std::string what = check_label_value(value); !what.empty()) {
      return "value '" + value + "': " + what;
    }
    if (numeric && !parse_int64(value)) {
      return "value '" + value + "': '>' and '<' need an integer of 64 bits";
    }
  }
  return {};
}

std::string to_string(const Requirement& requirement) {
  const std::string& key = requirement.key;
  switch (requirement.op) {
    case Operator::kEquals:
      return key + "=" + join(requirement.values);
    case Operator::kNotEquals:
      return key + "!=" + join(requirement.values);
    case Operator::kIn:
      return key + " in (" + join(requirement.values) + ")";
    case Operator::kNotIn:
      return key + " notin (" + join(requirement.values) + ")";
    case Operator::kExists:
      return key;
    case Operator::kDoesNotExist:
      return "!" + key;
    case Operator::kGreaterThan:
      return key + ">" + join(requirement.values);
    case Operator::kLessThan:
      return key + "<" + join(requirement.values);
  }
  return {};
}

}  // namespace ringway::discovery
