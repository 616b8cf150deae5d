#include "config/value.h"

#include <algorithm>

namespace ringway::config {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Removes and counts the digits that `text` begins with.
std::size_t eat_digits(std::string_view& text) {
  const std::size_t count = std::ranges::find_if_not(text, is_digit) - text.begin();
  text.remove_prefix(count);
  return count;
}

bool eat_sign(std::string_view& text) {
  if (text.starts_with('-') || text.starts_with('+')) {
    text.remove_prefix(1);
    return true;
  }
  return false;
}

bool is_based_integer(std::string_view text) {
  const std::string_view digits = text.substr(std::min<std::size_t>(text.size(), 2));
  if (text.starts_with("0x")) {
    return !digits.empty() && digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  }
  return text.starts_with("0o") && !digits.empty() && digits.find_first_not_of("01234567") == std::string_view::npos;
}

bool is_special_float(std::string_view text) {
  if (text == ".nan" || text == ".NaN" || text == ".NAN") {
    return true;
  }
  eat_sign(text);
  return text == ".inf" || text == ".Inf" || text == ".INF";
}

}  // namespace

ScalarType scalar_type(std::string_view plain) {
  for (const std::string_view word : {"true", "True", "TRUE", "false", "False", "FALSE"}) {
    if (plain == word) {
      return ScalarType::kBoolean;
    }
  }
  if (is_based_integer(plain)) {
    return ScalarType::kInteger;
  }
  if (is_special_float(plain)) {
    return ScalarType::kFloat;
  }
  std::string_view rest = plain;
  eat_sign(rest);
  std::size_t digits = eat_digits(rest);
  if (digits > 0 && rest.empty()) {
    return ScalarType::kInteger;
  }
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    digits += eat_digits(rest);
  }
  if (digits == 0) {
    return ScalarType::kString;
  }
  if (rest.starts_with('e') || rest.starts_with('E')) {
    rest.remove_prefix(1);
    eat_sign(rest);
    if (eat_digits(rest) == 0) {
      return ScalarType::kString;
    }
  }
  return rest.empty() ? ScalarType::kFloat : ScalarType::kString;
}

}  // namespace ringway::config
