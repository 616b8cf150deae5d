#include "daemon/events.h"

#include <gtest/gtest.h>

#include "daemon/workload_change.h"

namespace ringway::daemon {
namespace {

TEST(EventLog, the_newest_stay_and_the_memory_is_bounded) {
  EventLog log;
  EXPECT_EQ(log.lost_since(0), 0);
  for (std::size_t i = 0; i < EventLog::kLimit + 7; ++i) {
    log.add({.kind = "K", .object = std::string(10'000, 'o'), .message = std::string(1'000'000, 'm')});
  }
  EXPECT_EQ(log.all().size(), EventLog::kLimit);
  EXPECT_EQ(log.all().front().sequence, 8);
  EXPECT_EQ(log.newest(), EventLog::kLimit + 7);
  std::size_t bytes = 0;
  for (const Event& event : log.all()) {
    bytes += sizeof(Event) + event.object.capacity() + event.message.capacity() + event.kind.capacity();
  }
  EXPECT_LE(bytes, EventLog::kMaxBytes);
  EXPECT_TRUE(log.all().back().message.ends_with("m..."));
  EXPECT_EQ(log.lost_since(0), 7);
  EXPECT_EQ(log.lost_since(5), 2);
  EXPECT_EQ(log.lost_since(7), 0);
  EXPECT_EQ(log.lost_since(log.newest()), 0);
}

TEST(ChangeText, says_what_differs_between_two_news_of_a_workload) {
  discovery::Workload before;
  before.source = "docker";
  before.labels = {{"app", "web"}, {"tier", "a"}};
  before.addresses = {proxy::IpAddress::parse("10.0.0.1").value()};
  before.ready = true;
  EXPECT_EQ(change_text(nullptr, &before), "docker: ready");
  EXPECT_EQ(change_text(&before, nullptr), "docker: gone");
  discovery::Workload after = before;
  EXPECT_EQ(change_text(&before, &after), "docker: told anew");
  after.ready = false;
  after.reason = "paused";
  EXPECT_EQ(change_text(&before, &after), "docker: ready: yes to no (paused)");
  EXPECT_EQ(change_text(nullptr, &after), "docker: not ready: paused");
  after = before;
  after.labels["tier"] = "b";
  after.addresses.clear();
  EXPECT_EQ(change_text(&before, &after), "docker: addresses: 10.0.0.1 to none; labels: tier=a to tier=b");
  after = before;
  after.terminating = true;
  EXPECT_EQ(change_text(&before, &after), "docker: ready: yes to terminating");
}

}  // namespace
}  // namespace ringway::daemon
