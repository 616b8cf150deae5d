#include "config/tree_builder.h"

#include <algorithm>
#include <utility>

#include "config/limits.h"

namespace ringway::config {
namespace {

std::size_t height(const Value& value) {
  std::size_t highest = 0;
  for (const Value& item : value.items) {
    highest = std::max(highest, height(item));
  }
  return value.kind >= Value::Kind::kList ? highest + 1 : 0;
}

std::string too_deep() {
  return "mappings and lists are nested too deeply, at most " + std::to_string(kMaxDepth) + " levels are allowed";
}

}  // namespace

bool TreeBuilder::null(Place place, std::size_t anchor) {
  return add({.line = place.line, .column = place.column}, anchor, 1);
}

bool TreeBuilder::scalar(Place place, std::string text, bool plain, std::size_t anchor) {
  Value value{.kind = Value::Kind::kScalar, .plain = plain, .line = place.line, .column = place.column};
  value.text = std::move(text);
  return add(std::move(value), anchor, 1);
}

bool TreeBuilder::open(Place place, Value::Kind kind, std::size_t anchor) {
  if (open_.size() >= kMaxDepth) {
    return fail(place, too_deep());
  }
  const bool is_key =
      !open_.empty() && open_.back().value.kind == Value::Kind::kMap && open_.back().value.items.size() % 2 == 0;
  if (is_key) {
    return fail(place, "a mapping or list is no key here; a '[' or '{' may not be closed");
  }
  Value value{.kind = kind, .line = place.line, .column = place.column};
  open_.push_back({std::move(value), anchor, values_});
  return true;
}

bool TreeBuilder::close() {
  Open closed = std::move(open_.back());
  open_.pop_back();
  const std::size_t inside = values_ - closed.values_before;
  values_ = closed.values_before;
  return add(std::move(closed.value), closed.anchor, inside + 1);
}

bool TreeBuilder::alias(Place place, std::size_t anchor) {
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) {
    return fail(place, "the alias names an anchor that is not complete here");
  }
  if (open_.size() + found->second.height > kMaxDepth) {
    return fail(place, too_deep());
  }
  const std::size_t values = found->second.values;
  if (values_ + values > kMaxValues) {
    return fail(place, "the aliases expand to more than " + std::to_string(kMaxValues) + " values");
  }
  Value copy = found->second.value;
  copy.line = place.line;
  copy.column = place.column;
  return add(std::move(copy), 0, values);
}

bool TreeBuilder::add(Value value, std::size_t anchor, std::size_t values) {
  const Place place{value.line, value.column};
  values_ += values;
  if (values_ > kMaxValues) {
    return fail(place, "a document holds at most " + std::to_string(kMaxValues) + " values");
  }
  if (anchor != 0) {
    anchors_[anchor] = {value, values, height(value)};
  }
  if (open_.empty()) {
    root_ = std::move(value);
    return true;
  }
  Value& parent = open_.back().value;
  if (parent.kind == Value::Kind::kMap && parent.items.size() % 2 == 0) {
    if (value.kind != Value::Kind::kScalar) {
      return fail(place, "a key must be a text");
    }
    if (value.plain && value.text == "<<") {
      return fail(place, "merge keys ('<<') are not supported, write the keys out");
    }
  }
  parent.items.push_back(std::move(value));
  return true;
}

bool TreeBuilder::fail(Place place, std::string what) {
  problem_ = {place.line, place.column, std::move(what), true};
  return false;
}

Value TreeBuilder::take() {
  Value root = std::move(root_);
  *this = TreeBuilder();
  return root;
}

}  // namespace ringway::config
