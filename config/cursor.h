#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/report.h"
#include "config/value.h"

namespace ringway::config {

/// A mistake's place, kept for a check that comes later.
struct Spot {
  Position at;
  std::string path;
};

/// A place in a document: a value that may be missing, and the way that led there. Whoever asks it for a type that
/// the value has not, leaves a mistake in the report, with place and path, and gets nothing. A missing value and null
/// are the same, as Kubernetes has it, and no mistake.
///
/// Copied freely; must not outlive its `Document`.
class Cursor {
 public:
  /// What all cursors of one document share.
  struct Document {
    std::string file;
    Report& report;
    std::string prefix;                             ///< begins every path: where the document stands inside another
    std::optional<std::pair<int, int>> fixed = {};  ///< line and column of every mistake, for a text inside a scalar
    struct Step {
      const Step* parent;
      std::string_view key;  ///< "" where it is an index
      std::size_t index;
    };
    std::deque<Step> steps = {};

    /// Forgets the steps that came after the first `count`: no cursor made since may be used again.
    void forget_steps(std::size_t count) {
      steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(count), steps.end());
    }
  };

  Cursor(Document& document, const Value& root) : document_(&document), value_(&root), shown_(&root) {}

  [[nodiscard]] bool present() const { return value_ != nullptr && value_->kind != Value::Kind::kNull; }
  /// Present, be it as null.
  [[nodiscard]] bool mentioned() const { return value_ != nullptr; }
  [[nodiscard]] bool is_map() const { return present() && value_->kind == Value::Kind::kMap; }
  [[nodiscard]] bool is_list() const { return present() && value_->kind == Value::Kind::kList; }
  [[nodiscard]] bool is_scalar() const { return present() && value_->kind == Value::Kind::kScalar; }
  /// The bytes of a scalar, whatever type it has; "" for anything else.
  [[nodiscard]] std::string_view raw() const { return is_scalar() ? std::string_view(value_->text) : ""; }
  [[nodiscard]] bool is_number() const;

  /// The value at `key`; missing where this is no map or has no such key. `key` must outlive the document.
  [[nodiscard]] Cursor operator[](std::string_view key) const;

  std::optional<std::string> string() const;
  std::optional<bool> boolean() const;
  std::optional<std::int64_t> integer(std::int64_t min, std::int64_t max) const;
  std::optional<double> number(double min, double max) const;
  /// `zero` = `0` is allowed too.
  std::optional<std::chrono::milliseconds> duration(std::chrono::milliseconds min, std::chrono::milliseconds max,
                                                    bool zero = false) const;
  /// From 0 to `max`.
  std::optional<std::chrono::microseconds> short_duration(std::chrono::microseconds max) const;
  template <typename Enum>
  std::optional<Enum> one_of(std::initializer_list<std::pair<std::string_view, Enum>> allowed) const {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : allowed) {
      names.push_back(name);
    }
    const std::optional<std::size_t> index = index_in(names);
    return index ? std::optional((allowed.begin() + *index)->second) : std::nullopt;
  }

  /// The entries of a list; none where it is missing or no list.
  [[nodiscard]] std::vector<Cursor> list() const;
  /// The same, with a mistake where there are more than `most`.
  [[nodiscard]] std::vector<Cursor> list(std::size_t most) const;
  /// The entries of a map in the order of the text.
  [[nodiscard]] std::vector<std::pair<std::string_view, Cursor>> map() const;
  /// Leaves a mistake where the value is there and no map; for maps whose keys are asked for one by one.
  bool expect_map() const;
  /// Leaves a mistake for each key that is not in `known`.
  void allow_only(std::span<const std::string_view> known) const;
  /// Leaves a mistake for each key that stands twice in a mapping, here and below.
  void refuse_duplicate_keys() const;

  void fail(std::string what) const { document_->report.mistake(position(), path(), std::move(what)); }
  /// `what` is one of the checks' answers: "" is no mistake. Returns whether it was "".
  bool check(std::string_view what) const;
  void note(std::string text) const { document_->report.note(std::move(text)); }

  /// Of the value, or of the nearest mapping or list around a missing one.
  [[nodiscard]] Position position() const;
  [[nodiscard]] std::string path() const;
  [[nodiscard]] Spot spot() const { return {position(), path()}; }
  [[nodiscard]] Document& document() const { return *document_; }

 private:
  Cursor(Document* document, const Document::Step* step, const Value* value, const Value* shown)
      : document_(document), step_(step), value_(value), shown_(shown) {}

  [[nodiscard]] Cursor child(std::string_view key, std::size_t index, const Value* value) const;
  [[nodiscard]] std::optional<std::size_t> index_in(std::span<const std::string_view> names) const;
  void expected(std::string_view what) const;
  template <typename Parse, typename Allowed>
  auto duration_in(const std::string& range, Parse parse, Allowed allowed) const;

  Document* document_;
  const Document::Step* step_ = nullptr;
  const Value* value_;  ///< null = missing
  const Value* shown_;  ///< what mistakes point at
};

}  // namespace ringway::config
