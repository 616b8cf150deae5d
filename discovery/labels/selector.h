#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::discovery {

/// Labels (or annotations) of a Pod, container or node.
using Labels = std::map<std::string, std::string, std::less<>>;

/// Where and why a text is no selector. `position` is a byte offset into the text.
struct SelectorError {
  std::size_t position = 0;
  std::string what;
};

enum class Operator : std::uint8_t {
  kEquals,
  kNotEquals,
  kIn,
  kNotIn,
  kExists,
  kDoesNotExist,
  kGreaterThan,
  kLessThan
};

/// One term of a selector. `values` is sorted and without doubles; kExists and kDoesNotExist have none, kEquals,
/// kNotEquals, kGreaterThan and kLessThan exactly one.
struct Requirement {
  std::string key;
  Operator op = Operator::kExists;
  std::vector<std::string> values;

  /// A missing key matches kNotEquals, kNotIn and kDoesNotExist and nothing else
  /// (k8s.io/apimachinery/pkg/labels/selector.go, Requirement.Matches).
  [[nodiscard]] bool matches(const Labels& labels) const;
  bool operator==(const Requirement&) const = default;
};

/// A label selector with the grammar, the limits and the meaning of k8s.io/apimachinery/pkg/labels: the requirements
/// are joined by AND. A value, cheap to match, without state.
class Selector {
 public:
  /// No requirement: matches everything.
  Selector() = default;

  static std::expected<Selector, SelectorError> parse(std::string_view text);
  /// An equality map, as `Service.spec.selector` and `matchLabels` have it. Keys and values are validated.
  static std::expected<Selector, SelectorError> from_map(const Labels& equal);
  /// Requirements as `matchExpressions` has them (In, NotIn, Exists, DoesNotExist), validated.
  static std::expected<Selector, SelectorError> from_requirements(std::vector<Requirement> requirements);

  [[nodiscard]] bool matches(const Labels& labels) const;
  /// The canonical form: requirements sorted by key, `a=b`, `k in (a,b)`, `!k`. Parses to an equal selector.
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] const std::vector<Requirement>& requirements() const { return requirements_; }

  bool operator==(const Selector&) const = default;

 private:
  std::vector<Requirement> requirements_;
};

/// Empty where `key` is a valid label key (`[prefix/]name`), else what is wrong and what is allowed.
[[nodiscard]] std::string check_label_key(std::string_view key);
/// Empty where `value` is a valid label value (at most 63 of `[A-Za-z0-9]`, with `-_.` inside), else what is wrong.
[[nodiscard]] std::string check_label_value(std::string_view value);

}  // namespace ringway::discovery
