#include <sstream>

#include "tests/config/loading.h"

namespace ringway::config {
namespace {

const std::filesystem::path kExample = std::filesystem::path(RINGWAY_SOURCE_DIR) / "config/example.yaml";

std::string example() {
  std::ifstream file(kExample, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Example, is_a_valid_configuration) {
  const auto loaded = load(std::vector{kExample});
  ASSERT_TRUE(loaded) << loaded.error().front().to_string();
  EXPECT_EQ(loaded->services.size(), 2U);
  EXPECT_EQ(loaded->pods.size(), 3U);
  EXPECT_EQ(loaded->ringway.node, "node-a");
  EXPECT_THAT(loaded->notes, testing::IsEmpty());
  for (const Service& service : loaded->services) {
    EXPECT_TRUE(service.cluster_ips.front().starts_with("127.96."));
  }
}

TEST(Example, cut_at_any_byte_is_valid_or_has_mistakes) {
  const std::string text = example();
  ASSERT_GT(text.size(), 1000U);
  std::size_t refused = 0;
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const auto loaded = load_text(std::string_view(text).substr(0, length), "example.yaml");
    if (loaded) {
      continue;
    }
    ++refused;
    ASSERT_FALSE(loaded.error().empty()) << "cut at byte " << length;
    for (const Mistake& mistake : loaded.error()) {
      ASSERT_FALSE(mistake.what.empty()) << "cut at byte " << length;
      ASSERT_GT(mistake.at.line, 0) << "cut at byte " << length << ": " << mistake.what;
    }
  }
  EXPECT_GT(refused, text.size() / 10);
}

TEST(Example, with_each_byte_spoilt_is_valid_or_has_mistakes) {
  const std::string text = example();
  constexpr std::string_view kSpoilt("\0\x04\xff[\":&\n\t,", 10);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = kSpoilt[i % kSpoilt.size()];
    const auto loaded = load_text(changed, "example.yaml");
    ASSERT_TRUE(loaded || !loaded.error().empty()) << "byte " << i;
  }
}

}  // namespace
}  // namespace ringway::config
