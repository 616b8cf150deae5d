#include "config/cursor.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ranges>

#include "config/duration.h"
#include "config/suggest.h"

namespace ringway::config {
namespace {

// A person's words for what stands there, cut where it is long.
std::string found(const Value& value) {
  constexpr std::size_t kMaxShown = 60;
  switch (value.kind) {
    case Value::Kind::kNull:
      return "nothing";
    case Value::Kind::kList:
      return "a list";
    case Value::Kind::kMap:
      return "a mapping";
    case Value::Kind::kScalar:
      break;
  }
  const ScalarType type = value.plain ? scalar_type(value.text) : ScalarType::kString;
  const std::string_view kind = type == ScalarType::kBoolean  ? "the boolean "
                                : type == ScalarType::kString ? "the text "
                                                              : "the number ";
  const bool cut = value.text.size() > kMaxShown;
  return std::string(kind) + "'" + value.text.substr(0, kMaxShown) + (cut ? "…" : "") + "'";
}

std::string number_text(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) {
    text.pop_back();
  }
  return text;
}

}  // namespace

bool Cursor::is_number() const {
  if (!is_scalar() || !value_->plain) {
    return false;
  }
  const ScalarType type = scalar_type(value_->text);
  return type == ScalarType::kInteger || type == ScalarType::kFloat;
}

Cursor Cursor::child(std::string_view key, std::size_t index, const Value* value) const {
  document_->steps.push_back({step_, key, index});
  return {document_, &document_->steps.back(), value, value == nullptr ? shown_ : value};
}

Cursor Cursor::operator[](std::string_view key) const {
  const Value* value = nullptr;
  if (is_map()) {
    for (std::size_t i = 0; i + 1 < value_->items.size() && value == nullptr; i += 2) {
      value = value_->items[i].text == key ? &value_->items[i + 1] : nullptr;
    }
  }
  return child(key, 0, value);
}

void Cursor::expected(std::string_view what) const {
  fail("expected " + std::string(what) + ", found " + found(*value_));
}

std::optional<std::string> Cursor::string() const {
  if (!present()) {
    return std::nullopt;
  }
  if (value_->kind != Value::Kind::kScalar) {
    expected("a text");
    return std::nullopt;
  }
  if (value_->plain && scalar_type(value_->text) != ScalarType::kString) {
    expected("a text, so put it in quotes");
    return std::nullopt;
  }
  return value_->text;
}

std::optional<bool> Cursor::boolean() const {
  if (!present()) {
    return std::nullopt;
  }
  if (!is_scalar() || !value_->plain || scalar_type(value_->text) != ScalarType::kBoolean) {
    expected("true or false");
    return std::nullopt;
  }
  return value_->text.front() == 't' || value_->text.front() == 'T';
}

std::optional<std::int64_t> Cursor::integer(std::int64_t min, std::int64_t max) const {
  if (!present()) {
    return std::nullopt;
  }
  const std::string wanted = "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
  const std::string_view text = raw();
  const bool padded = text.size() > 1 && text.starts_with('0');
  if (!is_number() || padded || scalar_type(text) != ScalarType::kInteger) {
    expected(wanted);
    return std::nullopt;
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max) {
    expected(wanted);
    return std::nullopt;
  }
  return value;
}

std::optional<double> Cursor::number(double min, double max) const {
  if (!present()) {
    return std::nullopt;
  }
  double value = 0;
  const std::string_view text = raw();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!is_number() || !whole || !std::isfinite(value) || value < min || value > max) {
    expected("a number from " + number_text(min) + " to " + number_text(max));
    return std::nullopt;
  }
  return value;
}

template <typename Parse, typename Allowed>
auto Cursor::duration_in(const std::string& range, Parse parse, Allowed allowed) const {
  using Duration = typename decltype(parse(raw()))::value_type;
  if (!present()) {
    return std::optional<Duration>();
  }
  if (!is_scalar()) {
    expected("a duration from " + range);
    return std::optional<Duration>();
  }
  const auto parsed = parse(raw());
  if (!parsed) {
    fail("'" + std::string(raw().substr(0, 60)) + "': " + parsed.error());
    return std::optional<Duration>();
  }
  if (!allowed(*parsed)) {
    fail("'" + std::string(raw()) + "' is out of range, allowed is " + range);
    return std::optional<Duration>();
  }
  return std::optional(*parsed);
}

std::optional<std::chrono::milliseconds> Cursor::duration(std::chrono::milliseconds min, std::chrono::milliseconds max,
                                                          bool zero) const {
  const std::string range = print_duration(min) + " to " + print_duration(max) + (zero ? ", or 0 for never" : "");
  return duration_in(range, parse_duration, [&](std::chrono::milliseconds value) {
    return (value >= min && value <= max) || (zero && value.count() == 0);
  });
}

std::optional<std::chrono::microseconds> Cursor::short_duration(std::chrono::microseconds max) const {
  return duration_in("0 to " + std::to_string(max.count()) + "us", parse_short_duration,
                     [&](std::chrono::microseconds value) { return value <= max; });
}

std::optional<std::size_t> Cursor::index_in(std::span<const std::string_view> names) const {
  if (!present()) {
    return std::nullopt;
  }
  if (is_scalar()) {
    if (const auto at = std::ranges::find(names, raw()); at != names.end()) {
      return at - names.begin();
    }
  }
  const std::string_view meant = nearest(raw(), names);
  expected((meant.empty() ? "" : std::string(meant) + "? Allowed is ") + "one of " + list_of(names));
  return std::nullopt;
}

std::vector<Cursor> Cursor::list() const {
  std::vector<Cursor> entries;
  if (!present()) {
    return entries;
  }
  if (value_->kind != Value::Kind::kList) {
    expected("a list");
    return entries;
  }
  entries.reserve(value_->items.size());
  for (std::size_t i = 0; i < value_->items.size(); ++i) {
    entries.push_back(child({}, i, &value_->items[i]));
  }
  return entries;
}

std::vector<Cursor> Cursor::list(std::size_t most) const {
  auto entries = list();
  if (entries.size() > most) {
    fail("at most " + std::to_string(most) + " entries are allowed, found " + std::to_string(entries.size()));
  }
  return entries;
}

std::vector<std::pair<std::string_view, Cursor>> Cursor::map() const {
  std::vector<std::pair<std::string_view, Cursor>> entries;
  if (!present() || !expect_map()) {
    return entries;
  }
  entries.reserve(value_->count());
  for (std::size_t i = 0; i + 1 < value_->items.size(); i += 2) {
    const std::string_view key = value_->items[i].text;
    entries.emplace_back(key, child(key, 0, &value_->items[i + 1]));
  }
  return entries;
}

bool Cursor::expect_map() const {
  if (present() && value_->kind != Value::Kind::kMap) {
    expected("a mapping");
    return false;
  }
  return true;
}

void Cursor::allow_only(std::span<const std::string_view> known) const {
  if (!expect_map() || !present()) {
    return;
  }
  for (std::size_t i = 0; i + 1 < value_->items.size(); i += 2) {
    const Value& key = value_->items[i];
    if (std::ranges::find(known, key.text) != known.end()) {
      continue;
    }
    const std::string_view meant = nearest(key.text, known);
    const std::string hint =
        meant.empty() ? "allowed is " + list_of(known) : "did you mean '" + std::string(meant) + "'?";
    Cursor at = child(key.text, 0, &key);
    at.fail("unknown key, " + hint);
  }
}

void Cursor::refuse_duplicate_keys() const {
  if (value_ == nullptr || value_->items.empty()) {
    return;
  }
  const bool is_map = value_->kind == Value::Kind::kMap;
  if (is_map) {
    std::vector<const Value*> keys;
    for (std::size_t i = 0; i < value_->items.size(); i += 2) {
      keys.push_back(&value_->items[i]);
    }
    std::ranges::stable_sort(keys, {}, [](const Value* key) { return std::string_view(key->text); });
    for (std::size_t i = 1; i < keys.size(); ++i) {
      if (keys[i]->text == keys[i - 1]->text) {
        child(keys[i]->text, 0, keys[i])
            .fail("the key stands twice, first in line " + std::to_string(keys[i - 1]->line));
      }
    }
  }
  for (std::size_t i = is_map ? 1 : 0; i < value_->items.size(); i += is_map ? 2 : 1) {
    if (!value_->items[i].items.empty()) {
      const std::string_view key = is_map ? std::string_view(value_->items[i - 1].text) : std::string_view{};
      const std::size_t steps = document_->steps.size();
      child(key, is_map ? 0 : i, &value_->items[i]).refuse_duplicate_keys();
      document_->forget_steps(steps);
    }
  }
}

bool Cursor::check(std::string_view what) const {
  if (what.empty()) {
    return true;
  }
  constexpr std::size_t kMaxShown = 80;
  fail("'" + std::string(raw().substr(0, kMaxShown)) + "': " + std::string(what));
  return false;
}

Position Cursor::position() const {
  if (document_->fixed) {
    return {document_->file, document_->fixed->first, document_->fixed->second};
  }
  return {document_->file, shown_->line, shown_->column};
}

std::string Cursor::path() const {
  std::vector<const Document::Step*> steps;
  for (const Document::Step* step = step_; step != nullptr; step = step->parent) {
    steps.push_back(step);
  }
  std::string path = document_->prefix;
  for (const Document::Step* step : std::ranges::reverse_view(steps)) {
    if (step->key.data() == nullptr) {
      path += "[" + std::to_string(step->index) + "]";
    } else if (step->key.find_first_of("./ ") != std::string_view::npos || step->key.empty()) {
      path += "[" + std::string(step->key) + "]";
    } else {
      path += (path.empty() ? "" : ".") + std::string(step->key);
    }
  }
  return path;
}

}  // namespace ringway::config
