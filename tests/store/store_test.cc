#include "discovery/store.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

namespace ringway::discovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Workload make(const std::string& id, bool ready = true, const std::string& source = "docker") {
  Workload workload;
  workload.source = source;
  workload.id = id;
  workload.ready = ready;
  return workload;
}

/// Writes down what it hears: `+a` new, `~a` changed, `-a` gone, `.` the end of a batch.
class Recorder final : public Store::Listener {
 public:
  void workload_changed(const Workload* before, const Workload* after, proxy::Time arrived) override {
    const auto* const kind = before == nullptr ? "+" : after == nullptr ? "-" : "~";
    heard.push_back(kind + (after != nullptr ? after->id : before->id));
    last_arrived = arrived;
    last_before = before != nullptr ? *before : Workload();
  }
  void listed(const std::string&, std::size_t count) override { lists.push_back(count); }
  void batch_done() override { heard.emplace_back("."); }
  void source_changed(const std::string& source, const SourceStatus& status) override {
    heard.push_back(source + (status.connected ? " connected" : " broken"));
  }
  std::vector<std::string> take() { return std::exchange(heard, {}); }

  std::vector<std::string> heard;
  std::vector<std::size_t> lists;
  proxy::Time last_arrived;
  Workload last_before;
};

class StoreTest : public testing::Test {
 protected:
  Recorder recorder_;
  Store store_{recorder_};
  const proxy::Time now_ = proxy::Time() + std::chrono::seconds(7);
};

TEST_F(StoreTest, ResetTellsOnlyDifferencesAsOneBatch) {
  store_.reset("docker", {make("a"), make("b"), make("c")}, now_);
  EXPECT_THAT(recorder_.take(), ElementsAre("+a", "+b", "+c", "."));

  store_.reset("docker", {make("b", false), make("c"), make("d")}, now_);
  EXPECT_THAT(recorder_.take(), ElementsAre("-a", "~b", "+d", "."));
  EXPECT_EQ(recorder_.last_arrived, now_);
}

TEST_F(StoreTest, ResetThatRepeatsWhatIsKnownIsSilent) {
  store_.reset("docker", {make("a"), make("b")}, now_);
  recorder_.take();
  store_.reset("docker", {make("b"), make("a")}, now_);
  EXPECT_THAT(recorder_.heard, IsEmpty());
}

TEST_F(StoreTest, OnlyAListThatDiffersIsNews) {
  store_.reset("docker", {make("a"), make("b"), make("b")}, now_);
  store_.reset("docker", {make("a"), make("b")}, now_);
  store_.upsert(make("c"), now_);
  store_.reset("docker", {}, now_);
  EXPECT_THAT(recorder_.lists, ElementsAre(2U, 0U));
}

TEST_F(StoreTest, ResetOfOneSourceLeavesTheOthersAlone) {
  store_.reset("docker", {make("a")}, now_);
  store_.reset("docker2", {make("a", true, "docker2")}, now_);
  store_.reset("dock", {make("a", true, "dock")}, now_);
  recorder_.take();
  store_.reset("docker", {}, now_);
  EXPECT_THAT(recorder_.take(), ElementsAre("-a", "."));
  EXPECT_EQ(store_.workloads().size(), 2U);
}

TEST_F(StoreTest, UpsertAndRemoveTellDifferencesOnly) {
  store_.upsert(make("a", false), now_);
  store_.upsert(make("a", true), now_);
  EXPECT_THAT(recorder_.take(), ElementsAre("+a", ".", "~a", "."));
  EXPECT_FALSE(recorder_.last_before.ready);

  store_.upsert(make("a", true), now_);
  store_.remove("docker", "unknown", now_);
  EXPECT_THAT(recorder_.heard, IsEmpty());

  store_.remove("docker", "a", now_);
  EXPECT_THAT(recorder_.take(), ElementsAre("-a", "."));
  EXPECT_THAT(store_.workloads(), IsEmpty());
}

TEST_F(StoreTest, StatusOfABrokenSourceKeepsItsWorkloads) {
  store_.reset("docker", {make("a")}, now_);
  store_.status("docker", {.synced = true, .connected = true, .detail = "Docker"});
  store_.status("docker", {.synced = true, .connected = true, .detail = "Docker"});
  store_.status("docker", {.synced = true, .connected = false, .detail = "gone"});
  EXPECT_THAT(recorder_.take(), ElementsAre("+a", ".", "docker connected", "docker broken"));
  EXPECT_EQ(store_.workloads().size(), 1U);
  EXPECT_EQ(store_.sources().at("docker").detail, "gone");
}

TEST_F(StoreTest, CountsAllNewsByType) {
  store_.reset("docker", {make("a")}, now_);
  store_.upsert(make("a"), now_);
  store_.upsert(make("a"), now_);
  store_.remove("docker", "b", now_);
  EXPECT_EQ(store_.events().at({"docker", "reset"}), 1U);
  EXPECT_EQ(store_.events().at({"docker", "upsert"}), 2U);
  EXPECT_EQ(store_.events().at({"docker", "remove"}), 1U);
}

}  // namespace
}  // namespace ringway::discovery
