#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "discovery/store.h"

namespace ringway::discovery {
namespace {

using Key = std::pair<std::string, std::string>;
using Workloads = std::map<Key, Workload>;

/// What somebody knows who only hears of differences, as the Reconciler does.
class Mirror final : public Store::Listener {
 public:
  void workload_changed(const Workload* before, const Workload* after, proxy::Time) override {
    ++changes;
    open = true;
    const Workload& one = after != nullptr ? *after : *before;
    const Key key(one.source, one.id);
    const auto known = all.find(key);
    EXPECT_EQ(before != nullptr, known != all.end()) << "a change of what was not there, or an addition of what was";
    if (before != nullptr && known != all.end()) {
      EXPECT_EQ(*before, known->second) << "not what was told before";
    }
    EXPECT_FALSE(before != nullptr && after != nullptr && *before == *after) << "no difference";
    all.erase(key);
    if (after != nullptr) {
      all.emplace(key, *after);
    }
  }
  void batch_done() override { open = false; }
  void source_changed(const std::string&, const SourceStatus&) override {}

  Workloads all;
  std::size_t changes = 0;
  bool open = false;  ///< changes were told whose batch has not ended
};

/// An engine whose containers come, change and go, and a Watcher that hears of it, loses its stream, and lists again.
class World {
 public:
  explicit World(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

  void step(Store& store) {
    const std::string source = below(2) == 0 ? "docker" : "file";
    bool& live = live_[source];
    switch (below(10)) {
      case 0:  // the stream breaks: what happens from here on is not heard of
        live = false;
        store.status(source, {.synced = true, .connected = false, .detail = "gone"});
        return;
      case 1:  // it is back, or a list is asked for although it never broke
        live = true;
        store.status(source, {.synced = true, .connected = true, .detail = "back"});
        store.reset(source, list(source), now());
        return;
      case 2:
      case 3:
      case 4:
        remove(store, source, live);
        return;
      default:
        put(store, source, live);
    }
  }

  /// All workloads of the source, in an order of no meaning, some of them twice.
  std::vector<Workload> list(const std::string& source) {
    std::vector<Workload> out;
    for (const auto& [key, workload] : truth_) {
      if (key.first == source) {
        out.push_back(workload);
        if (below(8) == 0) {
          out.push_back(workload);
        }
      }
    }
    std::ranges::shuffle(out, random_);
    return out;
  }
  [[nodiscard]] const Workloads& truth() const { return truth_; }
  [[nodiscard]] bool live() const {
    return std::ranges::all_of(live_, [](const auto& one) { return one.second; }) && live_.size() == 2;
  }

 private:
  static proxy::Time now() { return proxy::Time() + std::chrono::seconds(1); }

  void put(Store& store, const std::string& source, bool live) {
    Workload workload;
    workload.source = source;
    workload.id = "c" + std::to_string(below(6));
    workload.name = workload.id;
    workload.ready = below(2) == 0;
    workload.labels["app"] = below(2) == 0 ? "web" : "db";
    truth_[{source, workload.id}] = workload;
    for (std::size_t times = live ? 1 + below(2) : 0; times > 0; --times) {
      store.upsert(workload, now());
    }
  }
  void remove(Store& store, const std::string& source, bool live) {
    const std::string id = "c" + std::to_string(below(6));
    truth_.erase({source, id});
    if (live) {
      store.remove(source, id, now());
    }
  }

  std::mt19937 random_;
  Workloads truth_;
  std::map<std::string, bool> live_;
};

TEST(StoreProperty, whatever_a_source_tells_the_store_equals_what_a_fresh_list_would_give) {
  const std::uint32_t first = std::random_device{}();
  for (std::uint32_t round = 0; round < 500; ++round) {
    const std::uint32_t seed = first + round;
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    Mirror mirror;
    Store store(mirror);
    for (int step = 0; step < 100; ++step) {
      world.step(store);
      ASSERT_FALSE(mirror.open) << "a batch that does not end";
      ASSERT_EQ(store.workloads(), mirror.all) << "who hears of differences alone knows something else";
      if (world.live()) {
        ASSERT_EQ(store.workloads(), world.truth()) << "step " << step;
      }
    }
    Mirror fresh_mirror;
    Store fresh(fresh_mirror);
    for (const char* source : {"docker", "file"}) {
      store.reset(source, world.list(source), {});
      fresh.reset(source, world.list(source), {});
    }
    ASSERT_EQ(store.workloads(), fresh.workloads());
    ASSERT_EQ(mirror.all, fresh_mirror.all);
    const std::size_t told = mirror.changes;
    store.reset("docker", world.list("docker"), {});
    store.reset("file", world.list("file"), {});
    ASSERT_EQ(mirror.changes, told) << "a list that repeats what is known is no news";
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

}  // namespace
}  // namespace ringway::discovery
