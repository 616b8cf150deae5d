#include "discovery/source/line_splitter.h"

namespace ringway::discovery {

std::optional<std::string> LineSplitter::next() {
  while (true) {
    const std::size_t end = pending_.find('\n', searched_);
    if (end == std::string::npos) {
      pending_.erase(0, begin_);
      begin_ = 0;
      searched_ = pending_.size();
      return std::nullopt;
    }
    std::string line = pending_.substr(begin_, end - begin_);
    begin_ = searched_ = end + 1;
    if (line.ends_with('\r')) {
      line.pop_back();
    }
    if (!line.empty()) {
      return line;
    }
  }
}

void LineSplitter::clear() {
  pending_.clear();
  begin_ = searched_ = 0;
}

}  // namespace ringway::discovery
