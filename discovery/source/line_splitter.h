#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ringway::discovery {

/// Lines out of pieces that end anywhere, be it inside of a character. Empty lines are left out.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  void add(std::string_view piece) { pending_.append(piece); }
  /// The next whole line without its end; nothing where more pieces are needed.
  std::optional<std::string> next();
  /// What stands there is longer than a line may be.
  [[nodiscard]] bool overflowed() const { return pending_.size() - begin_ > max_line_bytes_; }
  void clear();

 private:
  std::size_t max_line_bytes_;
  std::string pending_;
  std::size_t begin_ = 0;     ///< of the line
  std::size_t searched_ = 0;  ///< no end before here
};

}  // namespace ringway::discovery
