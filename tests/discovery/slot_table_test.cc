#include "discovery/slot_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringway::discovery {
namespace {

SlotKey key(const std::string& service, std::uint8_t frontend = 0) {
  return {{"shop", service, "http", proxy::Protocol::kTcp}, frontend};
}

TEST(SlotTable, KeepsTheSlotOfAKeyAndReusesFreeOnes) {
  SlotTable table;
  table.assign(std::vector{key("a"), key("b"), key("c")});
  EXPECT_EQ(table.slot_of(key("b")), 1U);
  table.assign(std::vector{key("x"), key("c"), key("a"), key("y")});
  EXPECT_EQ(table.slot_of(key("a")), 0U);
  EXPECT_EQ(table.slot_of(key("x")), 1U);
  EXPECT_EQ(table.slot_of(key("c")), 2U);
  EXPECT_EQ(table.slot_of(key("y")), 3U);
  EXPECT_EQ(table.slot_of(key("b")), std::nullopt);
}

TEST(SlotTable, KeepsTheFrontendsOfAPortApart) {
  SlotTable table;
  table.assign(std::vector{key("a"), key("a", 3)});
  EXPECT_EQ(table.slot_of(key("a")), 0U);
  EXPECT_EQ(table.slot_of(key("a", 3)), 1U);
}

TEST(SlotTable, NeverGetsShorter) {
  SlotTable table;
  table.assign(std::vector{key("a"), key("b")});
  table.assign({});
  EXPECT_EQ(table.size(), 2U);
  table.assign(std::vector{key("c")});
  EXPECT_EQ(table.slot_of(key("c")), 0U);
  EXPECT_EQ(table.size(), 2U);
}

}  // namespace
}  // namespace ringway::discovery
