#include "daemon/cli/fields.h"

#include <nlohmann/json.hpp>

#include "daemon/text.h"

namespace ringway::daemon {

using nlohmann::json;

namespace {

const json& field_of(const json& object, const char* field, json::value_t type, const json& otherwise) {
  if (!object.is_object()) {
    return otherwise;
  }
  const auto found = object.find(field);
  return found != object.end() && found->type() == type ? *found : otherwise;
}

std::string as_text(const json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  return value.is_null() ? "" : to_line(value);
}

}  // namespace

std::string text(const json& object, const char* field) {
  return object.is_object() && object.contains(field) ? as_text(object[field]) : "";
}

std::uint64_t number(const json& object, const char* field) {
  if (!object.is_object() || !object.contains(field) || !object[field].is_number()) {
    return 0;
  }
  return object[field].get<std::uint64_t>();
}

bool truth(const json& object, const char* field) {
  return object.is_object() && object.contains(field) && object[field].is_boolean() && object[field].get<bool>();
}

const json& array(const json& object, const char* field) {
  static const json none = json::array();
  return field_of(object, field, json::value_t::array, none);
}

const json& object(const json& from, const char* field) {
  static const json none = json::object();
  return field_of(from, field, json::value_t::object, none);
}

std::string joined(const json& object, const char* field, const char* separator) {
  std::string out;
  for (const auto& item : array(object, field)) {
    out += (out.empty() ? "" : separator) + as_text(item);
  }
  return out;
}

std::string labels_text(const json& labels) {
  std::string out;
  if (labels.is_object()) {
    for (const auto& [key, value] : labels.items()) {
      out += (out.empty() ? "" : ",") + key + "=" + as_text(value);
    }
  }
  return out;
}

}  // namespace ringway::daemon
