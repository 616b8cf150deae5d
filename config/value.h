#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::config {

/// One value of a parsed text, YAML or JSON alike, with its place. Aliases are already expanded.
struct Value {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  bool plain = true;              ///< a scalar without quotes: may stand for a number or a boolean
  int line = 0;                   ///< from 1
  int column = 0;                 ///< from 1
  std::string text = {};          ///< of a scalar
  std::vector<Value> items = {};  ///< of a list; of a map: key, value, key, value, …

  [[nodiscard]] std::size_t count() const { return kind == Kind::kMap ? items.size() / 2 : items.size(); }
};

/// What a plain scalar stands for in YAML's core schema (YAML 1.2.2, 10.3.2).
enum class ScalarType : std::uint8_t { kString, kBoolean, kInteger, kFloat };
[[nodiscard]] ScalarType scalar_type(std::string_view plain);

}  // namespace ringway::config
