#include "proxy/core/shared_text.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace ringway::proxy {
namespace {

TEST(SharedText, copies_have_one_text_and_outlive_the_first) {
  auto first = std::make_unique<SharedText>("shop/web-1");
  const SharedText copy = *first;
  EXPECT_EQ(copy.view().data(), first->view().data());
  first.reset();
  EXPECT_EQ(copy, "shop/web-1");
}

TEST(SharedText, is_compared_by_what_it_says) {
  const SharedText one(std::string("shop/web-1"));
  EXPECT_EQ(one, SharedText("shop/web-1"));
  EXPECT_FALSE(one == SharedText("shop/web-2"));
  EXPECT_FALSE(one == SharedText());
}

TEST(SharedText, without_a_text_it_is_empty) {
  EXPECT_TRUE(SharedText().empty());
  EXPECT_TRUE(SharedText("").empty());
  EXPECT_EQ(SharedText(), "");
  EXPECT_EQ(SharedText(), SharedText(""));
}

TEST(SharedText, is_assigned_and_moved) {
  SharedText text("a");
  const SharedText before = text;
  text = SharedText("b");
  EXPECT_EQ(text, "b");
  EXPECT_EQ(before, "a");
  SharedText moved = std::move(text);
  EXPECT_EQ(moved, "b");
  const SharedText& same = moved;
  moved = same;
  EXPECT_EQ(moved, "b");
}

TEST(SharedText, copies_come_and_go_on_any_thread) {
  const SharedText text("shop/web-1");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([text] {
      std::vector<SharedText> copies;
      for (int times = 0; times < 10'000; ++times) {
        copies.push_back(text);
        ASSERT_EQ(copies.back(), "shop/web-1");
        if (copies.size() == 8) {
          copies.clear();
        }
      }
    });
  }
}

}  // namespace
}  // namespace ringway::proxy
