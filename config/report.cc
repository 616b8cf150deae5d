#include "config/report.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "config/limits.h"

namespace ringway::config {

std::string Mistake::to_string() const {
  std::string text = at.file;
  if (at.line > 0) {
    text += ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
  }
  for (const std::string* part : {&path, &what}) {
    if (!part->empty()) {
      text += (text.empty() ? "" : ": ") + *part;
    }
  }
  return text;
}

void Report::mistake(Position at, std::string path, std::string what) {
  if (mistakes_.size() >= kMaxMistakes) {
    ++untold_;
    return;
  }
  mistakes_.push_back({std::move(at), std::move(path), std::move(what)});
}

void Report::begin_file(const std::string& file) {
  order_.try_emplace(file, order_.size());
}

std::vector<Mistake> Report::take_mistakes() {
  const auto place = [this](const Mistake& mistake) {
    const auto found = order_.find(mistake.at.file);
    return std::tuple(found == order_.end() ? order_.size() : found->second, mistake.at.line, mistake.at.column);
  };
  std::ranges::stable_sort(mistakes_, std::less{}, place);
  if (untold_ > 0) {
    mistakes_.push_back({{}, "", "and " + std::to_string(untold_) + " more mistakes"});
  }
  return std::move(mistakes_);
}

std::vector<std::string> Report::take_notes() {
  for (const auto& [what, count] : ignored_) {
    const auto& [file, kind] = what;
    notes_.push_back(file + ": kind " + kind + ": ignored" + (count > 1 ? " (" + std::to_string(count) + ")" : ""));
  }
  return std::move(notes_);
}

}  // namespace ringway::config
