#include "discovery/labels/mismatch.h"

namespace ringway::discovery {
namespace {

std::string quoted(const Requirement& requirement) {
  std::string out;
  for (const std::string& value : requirement.values) {
    out += (out.empty() ? "'" : ", '") + value + "'";
  }
  return out;
}

/// What is wanted of a label: "'backend'", "one of 'a', 'b'".
std::string wanted(const Requirement& requirement) {
  const std::string values = quoted(requirement);
  const bool one = requirement.values.size() == 1;
  switch (requirement.op) {
    case Operator::kEquals:
    case Operator::kIn:
      return one ? values : "one of " + values;
    case Operator::kNotEquals:
    case Operator::kNotIn:
      return one ? "any but " + values : "none of " + values;
    case Operator::kExists:
      return "it with any value";
    case Operator::kDoesNotExist:
      return "no such label";
    case Operator::kGreaterThan:
      return "a number above " + values;
    case Operator::kLessThan:
      return "a number below " + values;
  }
  return values;
}

}  // namespace

std::string mismatch(const Requirement& requirement, const Labels& labels) {
  if (requirement.matches(labels)) {
    return "";
  }
  const auto found = labels.find(requirement.key);
  const std::string state = found == labels.end() ? "no label " + requirement.key
                                                  : "label " + requirement.key + " is '" + found->second + "'";
  return state + ", wanted " + wanted(requirement);
}

}  // namespace ringway::discovery
