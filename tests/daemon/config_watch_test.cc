#include "daemon/config_watch.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fstream>

#include "tests/harness/await.h"
#include "tests/harness/places.h"

namespace ringway::daemon {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class ConfigWatchTest : public testing::Test {
 protected:
  void SetUp() override { begin({.quiet = milliseconds(30), .longest = milliseconds(300)}); }

  void begin(ConfigWatch::Pace pace) {
    auto started = ConfigWatch::start(context_.get_executor(), pace, [this] { ++calls_; });
    ASSERT_TRUE(started) << started.error().context;
    watch_ = std::move(*started);
  }

  static void write(const fs::path& path, const std::string& text = "x") { std::ofstream(path) << text; }

  /// Runs the loop until `calls` is `wanted`.
  [[nodiscard]] bool called(int wanted) {
    const auto deadline = std::chrono::steady_clock::now() + ringway::test::kPatience;
    while (calls_ < wanted && std::chrono::steady_clock::now() < deadline) {
      context_.run_one_for(milliseconds(100));
    }
    return calls_ == wanted;
  }

  /// Whether all that was done until now causes no call: a change that does cause one follows and is the only one.
  [[nodiscard]] bool quiet() {
    const int before = calls_;
    write(marker_);
    return called(before + 1);
  }

  /// Begins to watch `file`, and the marker of `quiet`.
  void watch_with_marker(const std::vector<fs::path>& files, const std::vector<fs::path>& folders = {},
                         const std::vector<config::WatchedNames>& names = {}) {
    fs::create_directory(folder_ / "marker");
    marker_ = folder_ / "marker/m.yaml";
    config::Watchlist watchlist{.files = files, .folders = folders, .names = names};
    watchlist.files.push_back(marker_);
    EXPECT_TRUE(watch_->watch(watchlist).empty());
  }

  ringway::test::TemporaryFolder folder_;
  boost::asio::io_context context_{1};
  std::unique_ptr<ConfigWatch> watch_;
  fs::path marker_;
  int calls_ = 0;
};

TEST_F(ConfigWatchTest, a_write_and_a_rename_over_are_seen) {
  const fs::path file = folder_ / "a.yaml";
  write(file);
  watch_with_marker({file});
  write(file, "y");
  EXPECT_TRUE(called(1));
  write(folder_ / ".a.swp", "z");
  fs::rename(folder_ / ".a.swp", file);
  EXPECT_TRUE(called(2));
  fs::remove(file);
  EXPECT_TRUE(called(3));
  write(file, "back");
  EXPECT_TRUE(called(4));
}

TEST_F(ConfigWatchTest, a_burst_is_one_call) {
  begin({.quiet = milliseconds(500), .longest = ringway::test::kPatience});
  const fs::path file = folder_ / "a.yaml";
  write(file);
  watch_with_marker({file});
  for (int i = 0; i < 50; ++i) {
    write(file, std::to_string(i));
    context_.poll();
  }
  EXPECT_TRUE(called(1));
  EXPECT_TRUE(quiet());
}

TEST_F(ConfigWatchTest, a_burst_that_does_not_end_is_cut) {
  begin({.quiet = 2 * ringway::test::kPatience, .longest = milliseconds(1000)});
  const fs::path file = folder_ / "a.yaml";
  write(file);
  watch_with_marker({file});
  const auto deadline = std::chrono::steady_clock::now() + ringway::test::kPatience;
  while (calls_ == 0 && std::chrono::steady_clock::now() < deadline) {
    write(file, "again");
    context_.run_one_for(milliseconds(5));
  }
  EXPECT_GE(calls_, 1);
}

TEST_F(ConfigWatchTest, a_file_that_is_written_again_meanwhile_is_waited_for) {
  const milliseconds quiet_time(500);
  begin({.quiet = quiet_time, .longest = ringway::test::kPatience});
  const fs::path file = folder_ / "a.yaml";
  write(file);
  watch_with_marker({file});
  write(file, "whole");
  std::ofstream half(file);
  const auto enough = std::chrono::steady_clock::now() + 2 * quiet_time;
  while (std::chrono::steady_clock::now() < enough) {
    half << "more" << std::flush;
    context_.run_one_for(milliseconds(5));
  }
  EXPECT_EQ(calls_, 0);
  half.close();
  EXPECT_TRUE(called(1));
  std::ofstream later(file);
  later << "more" << std::flush;
  EXPECT_TRUE(quiet()) << "a file that somebody has begun to write says nothing yet";
}

TEST_F(ConfigWatchTest, other_files_of_the_folder_do_not_matter) {
  const fs::path file = folder_ / "a.yaml";
  write(file);
  watch_with_marker({file});
  write(folder_ / "b.yaml");
  write(folder_ / "a.yaml~");
  EXPECT_TRUE(quiet());
}

TEST_F(ConfigWatchTest, a_new_file_of_a_watched_folder_matters_when_it_could_be_read) {
  const fs::path drop_in = folder_ / "services.d";
  fs::create_directory(drop_in);
  watch_with_marker({}, {drop_in});
  write(drop_in / ".hidden.yaml");
  write(drop_in / "README");
  EXPECT_TRUE(quiet());
  write(drop_in / "new.yaml");
  EXPECT_TRUE(called(2));
}

TEST_F(ConfigWatchTest, names_that_a_pattern_wants_matter_whatever_their_ending) {
  fs::create_directory(folder_ / "services.d");
  fs::create_directory(folder_ / "teams");
  watch_with_marker({}, {}, {{folder_ / "services.d", "*.conf"}, {folder_ / "teams", "*"}});
  write(folder_ / "services.d/a.yaml");
  write(folder_ / "services.d/.a.conf");
  write(folder_ / "teams/.hidden");
  EXPECT_TRUE(quiet());
  write(folder_ / "services.d/a.conf");
  EXPECT_TRUE(called(2));
  fs::create_directory(folder_ / "teams/b");
  EXPECT_TRUE(called(3));
}

TEST_F(ConfigWatchTest, another_target_of_a_link_on_the_way_is_seen) {
  for (const char* release : {"1", "2"}) {
    const fs::path folder = fs::path(folder_ / "releases") / release;
    fs::create_directories(folder);
    write(folder / "a.yaml", release);
  }
  fs::create_symlink("releases/1", folder_ / "stable");
  fs::create_symlink("stable", folder_ / "current");
  const auto put = [this](const char* target, const char* link) {
    fs::create_symlink(target, folder_ / "new");
    fs::rename(folder_ / "new", folder_ / link);
  };
  const config::Watchlist all{.files = {folder_ / "current/a.yaml"}, .folders = {folder_ / "current"}, .names = {}};
  watch_with_marker(all.files, all.folders);
  write(folder_ / "other.yaml");
  EXPECT_TRUE(quiet());
  put("releases/2", "stable");
  EXPECT_TRUE(called(2));
  EXPECT_TRUE(watch_->watch(all).empty());
  put("releases/1", "current");
  EXPECT_TRUE(called(3));
  EXPECT_TRUE(watch_->watch(all).empty());
  write(folder_ / "releases/1/a.yaml", "again");
  EXPECT_TRUE(called(4));
}

TEST_F(ConfigWatchTest, links_that_lead_in_a_circle_are_watched_too) {
  fs::create_symlink("b.yaml", folder_ / "a.yaml");
  fs::create_symlink("a.yaml", folder_ / "b.yaml");
  watch_with_marker({folder_ / "a.yaml"});
  fs::remove(folder_ / "b.yaml");
  write(folder_ / "b.yaml");
  EXPECT_TRUE(called(1));
}

TEST_F(ConfigWatchTest, the_link_that_kubernetes_swaps_is_seen) {
  const fs::path mount = folder_ / "mount";
  fs::create_directories(mount / "..1");
  fs::create_directories(mount / "..2");
  write(mount / "..1/a.yaml", "one");
  write(mount / "..2/a.yaml", "two");
  fs::create_symlink("..1", mount / "..data");
  fs::create_symlink("..data/a.yaml", mount / "a.yaml");
  watch_with_marker({mount / "a.yaml"});
  fs::create_symlink("..2", mount / "..data_tmp");
  fs::rename(mount / "..data_tmp", mount / "..data");
  EXPECT_TRUE(called(1));
}

TEST_F(ConfigWatchTest, the_file_behind_a_link_is_watched_too) {
  fs::create_directory(folder_ / "real");
  write(folder_ / "real/a.yaml");
  fs::create_symlink(folder_ / "real/a.yaml", folder_ / "a.yaml");
  watch_with_marker({folder_ / "a.yaml"});
  write(folder_ / "real/a.yaml", "y");
  EXPECT_TRUE(called(1));
}

TEST_F(ConfigWatchTest, a_folder_that_is_not_there_yet_is_waited_for) {
  const fs::path deep = folder_ / "later/services.d";
  watch_with_marker({}, {deep});
  fs::create_directories(deep);
  EXPECT_TRUE(called(1));
  EXPECT_TRUE(watch_->watch({.files = {marker_}, .folders = {deep}, .names = {}}).empty());
  write(deep / "a.yaml");
  EXPECT_TRUE(called(2));
  fs::remove_all(folder_ / "later");
  EXPECT_TRUE(called(3));
  EXPECT_TRUE(watch_->watch({.files = {marker_}, .folders = {deep}, .names = {}}).empty());
  fs::create_directories(deep);
  EXPECT_TRUE(called(4));
}

TEST_F(ConfigWatchTest, what_is_not_named_any_more_is_let_go) {
  const fs::path drop_in = folder_ / "services.d";
  fs::create_directory(drop_in);
  watch_with_marker({}, {drop_in});
  EXPECT_TRUE(watch_->watch({.files = {marker_}, .folders = {}, .names = {}}).empty());
  write(drop_in / "a.yaml");
  EXPECT_TRUE(quiet());
}

TEST_F(ConfigWatchTest, nothing_is_called_after_its_end) {
  const fs::path file = folder_ / "a.yaml";
  write(file);
  watch_with_marker({file});
  write(file, "y");
  context_.run_one_for(milliseconds(10));
  watch_.reset();
  context_.run_for(milliseconds(100));
  EXPECT_EQ(calls_, 0);
}

}  // namespace
}  // namespace ringway::daemon
