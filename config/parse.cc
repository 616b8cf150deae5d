#include "config/parse.h"

#include <algorithm>

namespace ringway::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// The length of the UTF-8 sequence that `text` begins with, 0 where it is none (RFC 3629).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) {
    return 0;
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) >= 0xa0;
  const bool beyond = first == 0xf4 && byte(1) >= 0x90;
  if (overlong || surrogate || beyond) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  return length;
}

ParseProblem problem_at(std::string_view text, std::size_t offset, std::string what) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;
  return {static_cast<int>(1 + std::ranges::count(before, '\n')), static_cast<int>(1 + offset - line_start),
          std::move(what), false};
}

std::optional<ParseProblem> check_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
      return problem_at(text, i, "the control character " + std::to_string(c) + " is not allowed in a configuration");
    }
    const std::size_t length = sequence_length(text.substr(i, 4));
    if (length == 0) {
      return problem_at(text, i, "this is no UTF-8 text, write the configuration in UTF-8");
    }
    i += length;
  }
  return std::nullopt;
}

bool begins_with_brace(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

}  // namespace

std::optional<ParseProblem> parse(std::string_view text, bool json, const OnDocument& on_document) {
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  if (auto problem = check_text(text)) {
    return problem;
  }
  if (json) {
    return parse_json(text, on_document);
  }
  // What `kubectl -o json` wrote is also YAML, but yaml-cpp would hold it all as tokens first, and it lacks JSON's
  // surrogate pairs.
  if (begins_with_brace(text)) {
    const auto problem = parse_json(text, on_document);
    if (!problem || problem->limit) {
      return problem;
    }
  }
  return parse_yaml(text, on_document);
}

}  // namespace ringway::config
