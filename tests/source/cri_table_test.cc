#include "discovery/source/cri_table.h"

#include <gmock/gmock.h>

#include "tests/source/cri_pods.h"
#include "tests/source/recording_sink.h"

namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CriTableTest : public testing::Test {
 protected:
  void list(std::vector<CriSandbox> sandboxes, std::vector<CriContainer> containers) {
    table_.list_begins(++now_ns_);
    table_.listed({std::move(sandboxes), std::move(containers)}, {});
  }
  CriEvent event(CriChange change, const std::string& id) { return {change, id, ++now_ns_, std::nullopt, {}}; }
  CriEvent event(CriChange change, const std::string& id, CriSandbox sandbox, std::vector<CriContainer> containers) {
    return {change, id, ++now_ns_, std::move(sandbox), std::move(containers)};
  }
  /// A table that has told of one Pod, "a" with the container "ca".
  void go_live() {
    table_.begin(++now_ns_);
    list({a_}, {ca_});
    sink_.take();
  }

  const CriSandbox a_ = cri_sandbox("a", "web-a");
  const CriSandbox b_ = cri_sandbox("b", "web-b");
  const CriContainer ca_ = cri_container("ca", "a");
  const CriContainer cb_ = cri_container("cb", "b");
  RecordingSink sink_{"containerd"};
  CriTable table_{sink_};
  std::int64_t now_ns_ = 1'000;
};

TEST_F(CriTableTest, tells_the_first_list_whole_and_then_differences) {
  table_.begin(++now_ns_);
  table_.apply(event(CriChange::kStarted, "ca", a_, {ca_}), {});
  EXPECT_THAT(sink_.log, IsEmpty());
  list({a_, b_}, {ca_, cb_});
  EXPECT_THAT(sink_.take(), ElementsAre("reset web-a web-b"));
  list({a_, b_}, {ca_, cb_});
  EXPECT_THAT(sink_.take(), IsEmpty());
  list({a_}, {cri_exited(ca_, 1)});
  EXPECT_THAT(sink_.take(), ElementsAre("remove b", "upsert web-a not: container web exited (1)"));
}

TEST_F(CriTableTest, asks_for_what_a_list_does_not_tell_and_for_nothing_twice) {
  table_.begin(++now_ns_);
  EXPECT_FALSE(table_.knows(without_status(a_)));
  EXPECT_FALSE(table_.knows(cri_exited(ca_, 1)));
  list({a_}, {cri_exited(ca_, 1)});
  EXPECT_TRUE(table_.knows(without_status(a_)));
  EXPECT_TRUE(table_.knows(cri_exited(ca_, 1)));
  EXPECT_TRUE(table_.knows(cri_container("new", "a"))) << "what runs has no end to ask for";

  auto exited = ca_;
  exited.state = CriState::kExited;
  list({without_status(a_)}, {exited});
  EXPECT_EQ(sink_.find("web-a")->addresses, a_.addresses);
  EXPECT_EQ(sink_.reason("web-a"), "container web exited (1)");
}

TEST_F(CriTableTest, asks_again_until_a_sandbox_has_an_address) {
  auto early = a_;
  early.addresses.clear();
  table_.begin(++now_ns_);
  list({early}, {ca_});
  EXPECT_FALSE(table_.knows(without_status(a_)));
  list({a_}, {ca_});
  EXPECT_TRUE(table_.knows(without_status(a_)));
  EXPECT_EQ(sink_.find("web-a")->addresses, a_.addresses);
  early.host_network = true;
  list({early}, {ca_});
  EXPECT_TRUE(table_.knows(without_status(a_))) << "it has those of the host";
}

TEST_F(CriTableTest, an_event_tells_of_its_pod_at_once) {
  go_live();
  table_.apply(event(CriChange::kStopped, "ca", a_, {cri_exited(ca_, 137)}), {});
  table_.apply(event(CriChange::kStarted, "cb", b_, {cb_}), {});
  EXPECT_THAT(sink_.take(), ElementsAre("upsert web-a not: container web exited (137)", "upsert web-b ready"));
}

TEST_F(CriTableTest, a_stop_counts_also_where_the_status_beside_it_is_behind) {
  go_live();
  table_.apply(event(CriChange::kStopped, "ca", a_, {ca_}), {});
  EXPECT_THAT(sink_.take(), ElementsAre("upsert web-a not: container web exited"));
  table_.apply(event(CriChange::kStopped, "a", a_, {ca_}), {});
  EXPECT_THAT(sink_.take(), ElementsAre("upsert web-a not: sandbox stopped sandbox stopped"));
}

TEST_F(CriTableTest, an_event_without_a_status_stops_what_it_names_and_asks_for_a_list) {
  go_live();
  table_.apply(event(CriChange::kStopped, "ca"), {});
  EXPECT_THAT(sink_.take(), ElementsAre("upsert web-a not: container web exited"));
  EXPECT_TRUE(table_.wants_list());
  list({a_}, {cri_exited(ca_, 9)});
  EXPECT_FALSE(table_.wants_list());
  EXPECT_EQ(sink_.reason("web-a"), "container web exited (9)");
  table_.apply(event(CriChange::kStopped, "a"), {});
  EXPECT_EQ(sink_.reason("web-a"), "sandbox stopped");
}

TEST_F(CriTableTest, removes_a_pod_by_the_id_of_its_sandbox_alone) {
  go_live();
  table_.apply(event(CriChange::kDeleted, "ca", a_, {}), {});
  EXPECT_THAT(sink_.take(), ElementsAre("upsert web-a not: no container runs"));
  table_.apply(event(CriChange::kDeleted, "a"), {});
  EXPECT_THAT(sink_.take(), ElementsAre("remove a"));
  EXPECT_EQ(table_.size(), 0U);
  EXPECT_FALSE(table_.wants_list());
}

TEST_F(CriTableTest, a_list_does_not_undo_what_events_said_while_it_was_under_way) {
  go_live();
  list({a_, b_}, {ca_, cb_});
  sink_.take();
  const auto c = cri_sandbox("c", "web-c");
  table_.list_begins(++now_ns_);
  table_.apply(event(CriChange::kStopped, "ca", a_, {cri_exited(ca_, 1)}), {});
  table_.apply(event(CriChange::kDeleted, "b"), {});
  table_.apply(event(CriChange::kStarted, "c", c, {}), {});
  sink_.take();
  table_.listed({{a_, b_}, {ca_, cb_}}, {});
  EXPECT_THAT(sink_.take(), IsEmpty());
  list({a_, b_, c}, {ca_, cb_});
  EXPECT_THAT(sink_.take(), ElementsAre("upsert web-a ready", "upsert web-b ready")) << "the next is believed";
}

TEST_F(CriTableTest, an_event_from_before_the_last_list_says_nothing_new) {
  const auto old = event(CriChange::kStopped, "ca", a_, {cri_exited(ca_, 1)});
  const auto old_end = event(CriChange::kDeleted, "a");
  go_live();
  table_.apply(old, {});
  table_.apply(old_end, {});
  EXPECT_THAT(sink_.log, IsEmpty());
  EXPECT_TRUE(sink_.ready("web-a"));
}

TEST_F(CriTableTest, keeps_what_it_knew_over_a_break_and_tells_the_next_list_whole) {
  go_live();
  table_.begin(++now_ns_);
  table_.apply(event(CriChange::kStopped, "ca", a_, {cri_exited(ca_, 1)}), {});
  EXPECT_THAT(sink_.log, IsEmpty());
  EXPECT_TRUE(sink_.ready("web-a"));
  list({without_status(a_), b_}, {ca_, cb_});
  EXPECT_THAT(sink_.take(), ElementsAre("reset web-a web-b"));
  EXPECT_EQ(sink_.find("web-a")->addresses, a_.addresses) << "an address is asked for once in a Pod's life";
}

}  // namespace
}  // namespace ringway::discovery
