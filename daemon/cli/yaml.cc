#include "daemon/cli/yaml.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "daemon/text.h"

namespace ringway::daemon {

namespace {

using nlohmann::json;

constexpr std::size_t kIndent = 2;

/// Whether text may stand without quotes: it begins with a letter or `/`, holds only characters without a meaning in
/// YAML, and is none of the words that YAML 1.1 or 1.2 reads as a boolean or null.
bool is_plain(const std::string& text) {
  constexpr std::array<std::string_view, 9> kWords = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  if (text.empty() || (std::isalpha(static_cast<unsigned char>(text.front())) == 0 && text.front() != '/')) {
    return false;
  }
  const auto harmless = [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '/');
  };
  if (!std::ranges::all_of(text, harmless)) {
    return false;
  }
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kWords, lower) == kWords.end();
}

std::string scalar(const json& value) {
  return value.is_string() && is_plain(value.get_ref<const std::string&>()) ? value.get<std::string>() : to_line(value);
}

bool is_block(const json& value) {
  return value.is_structured() && !value.empty();
}

void emit(const json& value, std::size_t indent, std::string& out);

/// What follows `key:`.
void emit_value(const json& value, std::size_t indent, std::string& out) {
  if (!is_block(value)) {
    out += " " + scalar(value) + "\n";
    return;
  }
  out += "\n";
  emit(value, value.is_array() ? indent : indent + kIndent, out);
}

void emit(const json& value, std::size_t indent, std::string& out) {
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, item] : value.items()) {
      out += std::string(indent, ' ') + scalar(json(key)) + ":";
      emit_value(item, indent, out);
    }
    return;
  }
  if (!is_block(value)) {
    out += std::string(indent, ' ') + scalar(value) + "\n";
    return;
  }
  for (const auto& item : value) {
    // The item is written as if it stood alone, and its first indentation gives way to the dash.
    std::string text;
    emit(item, indent + kIndent, text);
    text[indent] = '-';
    out += text;
  }
}

}  // namespace

std::string to_yaml(const json& value) {
  std::string out;
  emit(value, 0, out);
  return out;
}

}  // namespace ringway::daemon
