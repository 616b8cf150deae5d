#include "proxy/core/shared_vector.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace ringway::proxy {
namespace {

using Texts = SharedVector<std::string>;

std::vector<std::size_t> differences(const Texts& left, const Texts& right) {
  std::vector<std::size_t> found;
  Texts::for_each_difference(left, right, [&found](std::size_t index) { found.push_back(index); });
  return found;
}

TEST(SharedVector, a_change_of_one_copy_is_not_seen_by_the_other) {
  Texts before;
  before.resize(200);
  before.set(70, "old");
  Texts after = before;
  after.set(70, "new");
  after.set(199, "last");
  EXPECT_EQ(before[70], "old");
  EXPECT_EQ(before[199], "");
  EXPECT_EQ(after[70], "new");
  EXPECT_EQ(differences(before, after), (std::vector<std::size_t>{70, 199}));
  EXPECT_EQ(&before[0], &after[0]) << "what no copy wrote is shared";
  EXPECT_NE(before, after);
}

TEST(SharedVector, what_only_one_has_differs_from_nothing) {
  Texts shorter;
  shorter.resize(3);
  Texts longer = shorter;
  longer.resize(130);
  longer.set(129, "far");
  EXPECT_EQ(differences(shorter, longer), (std::vector<std::size_t>{129}));
  EXPECT_EQ(differences(longer, shorter), (std::vector<std::size_t>{129}));
}

TEST(SharedVector, shrinking_forgets_what_was_there) {
  Texts texts{"a", "b", "c"};
  texts.resize(1);
  texts.resize(3);
  EXPECT_EQ(texts, (Texts{"a", "", ""}));
  EXPECT_THROW(static_cast<void>(texts.at(64)), std::out_of_range);
}

TEST(SharedVector, is_a_vector_under_any_sequence_of_changes) {
  constexpr unsigned kSeed = 7;
  std::mt19937 random(kSeed);
  std::vector<std::vector<std::string>> plain(4);
  std::vector<Texts> shared(4);
  for (int step = 0; step < 5'000; ++step) {
    const std::size_t one = random() % 4;
    const std::size_t other = random() % 4;
    const std::size_t index = plain[one].empty() ? 0 : random() % plain[one].size();
    switch (random() % 8) {
      case 0:
        plain[one] = plain[other];
        shared[one] = shared[other];
        break;
      case 1:
        plain[one].resize(random() % 300);
        shared[one].resize(plain[one].size());
        break;
      case 2:
        plain[one].push_back("pushed");
        shared[one].push_back("pushed");
        break;
      default:
        if (!plain[one].empty()) {
          plain[one][index] = std::to_string(step);
          shared[one].set(index, std::to_string(step));
        }
    }
    ASSERT_EQ(std::vector<std::string>(shared[one].begin(), shared[one].end()), plain[one]) << "step " << step;
    ASSERT_EQ(shared[one] == shared[other], plain[one] == plain[other]) << "step " << step;
  }
}

}  // namespace
}  // namespace ringway::proxy
