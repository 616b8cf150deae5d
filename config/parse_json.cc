#include <algorithm>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>

#include "config/parse.h"

namespace ringway::config {
namespace {

using nlohmann::json;

// Reads the text and tells where the lexer has come to: nlohmann's events carry no places.
class Reading {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Reading(const char* at, const char** reached) : at_(at), reached_(reached) {}

  reference operator*() const { return *at_; }
  Reading& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  Reading operator++(int) {
    Reading before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Reading& other) const { return at_ == other.at_; }
  bool operator!=(const Reading& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

class Handler : public json::json_sax_t {
 public:
  explicit Handler(std::string_view text) : text_(text), reached_(text.data()) {}

  [[nodiscard]] Reading begin() { return {text_.data(), &reached_}; }
  [[nodiscard]] Reading end() { return {text_.data() + text_.size(), &reached_}; }
  TreeBuilder& builder() { return builder_; }
  [[nodiscard]] const std::optional<ParseProblem>& problem() const {
    return builder_.problem() ? builder_.problem() : syntax_;
  }

  bool null() override { return builder_.null(place()); }
  bool boolean(bool value) override { return builder_.scalar(place(), value ? "true" : "false", true); }
  bool number_integer(number_integer_t value) override { return builder_.scalar(place(), std::to_string(value), true); }
  bool number_unsigned(number_unsigned_t value) override {
    return builder_.scalar(place(), std::to_string(value), true);
  }
  bool number_float(number_float_t /*value*/, const string_t& text) override {
    return builder_.scalar(place(), text, true);
  }
  bool string(string_t& value) override { return builder_.scalar(place(), std::move(value), false); }
  bool key(string_t& value) override { return builder_.scalar(place(), std::move(value), false); }
  bool binary(json::binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*count*/) override { return builder_.open(place(), Value::Kind::kMap); }
  bool start_array(std::size_t /*count*/) override { return builder_.open(place(), Value::Kind::kList); }
  bool end_object() override { return end_container(); }
  bool end_array() override { return end_container(); }

  bool parse_error(std::size_t /*position*/, const std::string& /*token*/, const json::exception& error) override {
    std::string_view what = error.what();
    what = what.substr(std::min(what.find("syntax error"), what.size()));
    const TreeBuilder::Place at = place();
    syntax_ = {at.line, at.column, "this is no JSON: " + std::string(what.empty() ? error.what() : what), false};
    return false;
  }

 private:
  bool end_container() {
    done_ = reached_ - text_.data();
    return builder_.close();
  }

  // A token begins behind the one before it and the separators between. A number's lexer reads one byte too far,
  // which is a separator or a bracket, never the begin of a token.
  TreeBuilder::Place place() {
    const std::size_t start = std::min(text_.find_first_not_of(" \t\r\n,:", done_), text_.size());
    for (; counted_ < start; ++counted_) {
      if (text_[counted_] == '\n') {
        ++line_;
        line_start_ = counted_ + 1;
      }
    }
    done_ = std::max<std::size_t>(reached_ - text_.data(), done_);
    return {line_, static_cast<int>(start - std::min(line_start_, start)) + 1};
  }

  std::string_view text_;
  const char* reached_;
  std::size_t done_ = 0;
  std::size_t counted_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
  TreeBuilder builder_;
  std::optional<ParseProblem> syntax_;
};

}  // namespace

std::optional<ParseProblem> parse_json(std::string_view text, const OnDocument& on_document) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return std::nullopt;
  }
  Handler handler(text);
  if (!json::sax_parse(handler.begin(), handler.end(), &handler)) {
    return handler.problem();
  }
  on_document(handler.builder().take());
  return std::nullopt;
}

}  // namespace ringway::config
