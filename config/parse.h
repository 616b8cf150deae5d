#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/tree_builder.h"
#include "config/value.h"

namespace ringway::config {

using OnDocument = std::function<void(const Value& document)>;

/// Calls `on_document` for each document of `text`, in order, until the end or the first problem. Throws nothing that
/// `on_document` does not throw.
std::optional<ParseProblem> parse_yaml(std::string_view text, const OnDocument& on_document);
/// The same for a text that is one JSON value.
std::optional<ParseProblem> parse_json(std::string_view text, const OnDocument& on_document);

/// YAML or JSON. `json` = nothing but JSON is allowed. A byte order mark is skipped; bytes that are no UTF-8 and
/// control characters other than tab, CR and LF are a problem: yaml-cpp would take a byte 4 for the end of the text.
std::optional<ParseProblem> parse(std::string_view text, bool json, const OnDocument& on_document);

}  // namespace ringway::config
