#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "discovery/labels/mismatch.h"
#include "discovery/labels/selector.h"

namespace ringway::discovery {
namespace {

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(engine_); }
  std::string pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

 private:
  std::mt19937 engine_;
};

/// One term as a person would write it, and what it means, by a second hand: from the words of Kubernetes'
/// documentation ("Labels and Selectors") and not from the parser.
struct Term {
  std::string text;
  std::string key;
  std::string word;
  std::vector<std::string> values;

  [[nodiscard]] bool holds(const Labels& labels) const {
    const bool there = labels.contains(key);
    const std::string value = there ? labels.find(key)->second : "";
    const bool listed = std::ranges::count(values, value) > 0;
    if (word == "exists") {
      return there;
    }
    if (word == "!") {
      return !there;
    }
    if (word == "=" || word == "==" || word == "in") {
      return there && listed;
    }
    if (word == "!=" || word == "notin") {
      return !(there && listed);
    }
    const bool digits = !value.empty() && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
    if (!there || !digits) {
      return false;
    }
    return word == ">" ? std::stoi(value) > std::stoi(values.front()) : std::stoi(value) < std::stoi(values.front());
  }
};

const std::vector<std::string> kKeys = {"a", "b", "e.com/c"};
const std::vector<std::string> kValues = {"", "v", "w", "7", "12"};

Term term(Random& random) {
  Term out;
  out.key = random.pick(kKeys);
  out.word = random.pick({"exists", "!", "=", "==", "!=", "in", "notin", ">", "<"});
  if (out.word == "exists" || out.word == "!") {
    out.text = (out.word == "!" ? "!" : "") + out.key;
  } else if (out.word == "in" || out.word == "notin") {
    std::string list;
    for (std::size_t count = 1 + random.below(3); count > 0; --count) {
      out.values.push_back(random.pick(kValues));
      list += (out.values.size() == 1 ? "" : ",") + out.values.back();
    }
    out.text = out.key + " " + out.word + " (" + list + ")";
  } else {
    const bool number = out.word == ">" || out.word == "<";
    out.values.push_back(number ? random.pick({"5", "7", "12"}) : random.pick(kValues));
    out.text = out.key + out.word + out.values.front();
  }
  return out;
}

Labels some_labels(Random& random) {
  Labels labels;
  for (const std::string& key : kKeys) {
    if (random.below(2) == 0) {
      labels.emplace(key, random.pick(kValues));
    }
  }
  return labels;
}

TEST(SelectorMeaning, equals_a_second_naive_evaluation) {
  const std::uint32_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  Random random(seed);
  for (int round = 0; round < 20000; ++round) {
    std::vector<Term> terms;
    std::string text;
    for (std::size_t count = 1 + random.below(3); count > 0; --count) {
      terms.push_back(term(random));
      text += (text.empty() ? "" : ",") + terms.back().text;
    }
    const Labels labels = some_labels(random);
    SCOPED_TRACE("seed " + std::to_string(seed) + ", selector '" + text + "', " + testing::PrintToString(labels));
    const auto selector = Selector::parse(text);
    ASSERT_TRUE(selector) << selector.error().what;
    ASSERT_EQ(selector->matches(labels),
              std::ranges::all_of(terms, [&](const Term& one) { return one.holds(labels); }));
    for (const Requirement& requirement : selector->requirements()) {
      ASSERT_EQ(mismatch(requirement, labels).empty(), requirement.matches(labels));
    }
  }
}

TEST(Mismatch, says_what_is_there_and_what_is_wanted) {
  const Labels labels = {{"tier", "frontend"}, {"n", "3"}};
  const auto why = [&labels](const std::string& text) {
    return mismatch(Selector::parse(text).value().requirements().front(), labels);
  };
  EXPECT_EQ(why("tier=backend"), "label tier is 'frontend', wanted 'backend'");
  EXPECT_EQ(why("app=web"), "no label app, wanted 'web'");
  EXPECT_EQ(why("tier in (a,b)"), "label tier is 'frontend', wanted one of 'a', 'b'");
  EXPECT_EQ(why("tier!=frontend"), "label tier is 'frontend', wanted any but 'frontend'");
  EXPECT_EQ(why("tier notin (frontend,b)"), "label tier is 'frontend', wanted none of 'b', 'frontend'");
  EXPECT_EQ(why("app"), "no label app, wanted it with any value");
  EXPECT_EQ(why("!tier"), "label tier is 'frontend', wanted no such label");
  EXPECT_EQ(why("n>5"), "label n is '3', wanted a number above '5'");
  EXPECT_EQ(why("n<2"), "label n is '3', wanted a number below '2'");
  EXPECT_EQ(why("n>2"), "");
}

}  // namespace
}  // namespace ringway::discovery
