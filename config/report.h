#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/mistake.h"

namespace ringway::config {

/// Collects what is wrong and what is worth a remark, over all files of one load.
class Report {
 public:
  void mistake(Position at, std::string path, std::string what);
  void note(std::string text) { notes_.push_back(std::move(text)); }
  /// One note for all documents of a kind in a file that nothing is done with.
  void ignored(const std::string& file, const std::string& kind) { ++ignored_[{file, kind}]; }
  /// Files come into the report in the order of these calls.
  void begin_file(const std::string& file);

  [[nodiscard]] bool clean() const { return mistakes_.empty(); }
  /// In the order of files, lines and columns; at most `kMaxMistakes`, then one that counts the rest.
  [[nodiscard]] std::vector<Mistake> take_mistakes();
  [[nodiscard]] std::vector<std::string> take_notes();

 private:
  std::vector<Mistake> mistakes_;
  std::vector<std::string> notes_;
  std::map<std::pair<std::string, std::string>, std::size_t> ignored_;
  std::map<std::string, std::size_t> order_;
  std::size_t untold_ = 0;
};

}  // namespace ringway::config
