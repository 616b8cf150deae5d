#include <algorithm>
#include <string>
#include <vector>

#include "discovery/source/line_splitter.h"
#include "tests/fuzz/check.h"

namespace ringway::fuzz {
namespace {

constexpr std::size_t kMaxLine_bytes = 1 << 20;

std::vector<std::string> split(std::string_view text, std::size_t piece_bytes) {
  discovery::LineSplitter splitter(kMaxLine_bytes);
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, piece_bytes);
    text.remove_prefix(piece.size());
    splitter.add(piece);
    while (auto line = splitter.next()) {
      lines.push_back(std::move(*line));
    }
  }
  return lines;
}

}  // namespace

/// However a stream is cut, its lines are the same, and none is empty.
void try_text(std::string_view text) {
  const auto whole = split(text, kMaxLine_bytes);
  promise(std::ranges::none_of(whole, &std::string::empty), "no line is empty");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
    promise(split(text, piece) == whole, "pieces of any size make the same lines");
  }
}

}  // namespace ringway::fuzz
