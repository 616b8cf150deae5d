#include <algorithm>
#include <string>
#include <string_view>

#include "discovery/labels/selector.h"

namespace ringway::discovery {
namespace {

// k8s.io/apimachinery/pkg/util/validation: qualifiedNameMaxLength, LabelValueMaxLength, DNS1123SubdomainMaxLength.
constexpr std::size_t kMaxName = 63;
constexpr std::size_t kMaxPrefix = 253;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
  return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

bool is_name(std::string_view text) {
  return is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_dns_label(std::string_view text) {
  const auto edge = [](char c) { return is_lower(c) || is_digit(c); };
  return !text.empty() && edge(text.front()) && edge(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return edge(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_dns_label(text.substr(0, dot))) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

std::string check_label_key(std::string_view key) {
  std::string_view name = key;
  if (const std::size_t slash = key.find('/'); slash != std::string_view::npos) {
    const std::string_view prefix = key.substr(0, slash);
    name = key.substr(slash + 1);
    if (prefix.empty()) {
      return "the prefix before '/' is empty: a DNS subdomain is needed, or no '/'";
    }
    if (prefix.size() > kMaxPrefix) {
      return "the prefix is longer than 253 characters";
    }
    if (!is_dns_subdomain(prefix)) {
      return "the prefix must be a DNS subdomain: lowercase letters, digits and '-', joined by '.'";
    }
    if (name.find('/') != std::string_view::npos) {
      return "more than one '/': a key is NAME or PREFIX/NAME";
    }
  }
  if (name.empty()) {
    return "the name is empty: 1 to 63 characters are needed";
  }
  if (name.size() > kMaxName) {
    return "the name is longer than 63 characters";
  }
  if (!is_name(name)) {
    return "the name must be letters, digits, '-', '_' and '.', with a letter or digit at both ends";
  }
  return {};
}

std::string check_label_value(std::string_view value) {
  if (value.empty()) {
    return {};
  }
  if (value.size() > kMaxName) {
    return "the value is longer than 63 characters";
  }
  if (!is_name(value)) {
    return "the value must be empty or letters, digits, '-', '_' and '.', with a letter or digit at both ends";
  }
  return {};
}

}  // namespace ringway::discovery
