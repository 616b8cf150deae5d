#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

/// Reading JSON of an engine that may say anything: a missing or wrongly typed member reads as its default.
namespace ringway::discovery::json {

using Value = nlohmann::json;

/// Discarded (`is_discarded()`) where `text` is no JSON. What lies deeper than `max_depth` is dropped while parsing, so
/// that hostile nesting costs no memory.
inline Value parse(std::string_view text, int max_depth) {
  const auto keep = [max_depth](int depth, Value::parse_event_t, Value&) { return depth <= max_depth; };
  return Value::parse(text, keep, false);
}

/// The member `key`, or null where `object` is no object or has none.
inline const Value& member(const Value& object, std::string_view key) {
  static const Value kNull;
  if (!object.is_object()) {
    return kNull;
  }
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

inline std::string text(const Value& object, std::string_view key) {
  const auto& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

inline bool flag(const Value& object, std::string_view key) {
  const auto& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

inline std::int64_t number(const Value& object, std::string_view key) {
  const auto& value = member(object, key);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

}  // namespace ringway::discovery::json
