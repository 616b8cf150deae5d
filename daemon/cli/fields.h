#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

/// Reading what the admin API answers without trusting its shape: a field that is missing, or not of the type expected,
/// is empty.
namespace ringway::daemon {

/// A field as text for a person; strings without quotes, null as "".
[[nodiscard]] std::string text(const nlohmann::json& object, const char* field);
[[nodiscard]] std::uint64_t number(const nlohmann::json& object, const char* field);
[[nodiscard]] bool truth(const nlohmann::json& object, const char* field);
/// The elements of an array field; an empty array where it is none.
[[nodiscard]] const nlohmann::json& array(const nlohmann::json& object, const char* field);
/// An object field; an empty object where it is none.
[[nodiscard]] const nlohmann::json& object(const nlohmann::json& from, const char* field);
/// The strings of an array field, joined.
[[nodiscard]] std::string joined(const nlohmann::json& object, const char* field, const char* separator);
/// `a=b,c=d`.
[[nodiscard]] std::string labels_text(const nlohmann::json& labels);

}  // namespace ringway::daemon
