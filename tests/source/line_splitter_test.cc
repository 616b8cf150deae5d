#include "discovery/source/line_splitter.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/source/testdata.h"

namespace ringway::discovery {
namespace {

std::vector<std::string> lines_of(const std::string& text, std::size_t piece) {
  LineSplitter splitter(1 << 20);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    splitter.add(std::string_view(text).substr(at, piece));
    while (auto line = splitter.next()) {
      lines.push_back(*std::move(line));
    }
  }
  return lines;
}

TEST(LineSplitter, FindsTheSameLinesWhereverThePiecesEnd) {
  const std::string text = testdata("docker28-events.jsonl") + "{\"ü\":\"語\"}\n\n{\"last\":1}\r\n";
  const auto whole = lines_of(text, text.size());
  ASSERT_EQ(whole.back(), "{\"last\":1}");
  ASSERT_EQ(whole[whole.size() - 2], "{\"ü\":\"語\"}");
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 100U, 4096U}) {
    EXPECT_EQ(lines_of(text, piece), whole) << piece;
  }
}

TEST(LineSplitter, HoldsBackWhatHasNoEnd) {
  LineSplitter splitter(4);
  splitter.add("abc");
  EXPECT_FALSE(splitter.next());
  EXPECT_FALSE(splitter.overflowed());
  splitter.add("de");
  EXPECT_FALSE(splitter.next());
  EXPECT_TRUE(splitter.overflowed());
  splitter.clear();
  splitter.add("x\n");
  EXPECT_EQ(splitter.next(), "x");
}

}  // namespace
}  // namespace ringway::discovery
