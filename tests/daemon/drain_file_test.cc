#include "daemon/drain_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tests/harness/places.h"

namespace ringway::daemon {
namespace {

using discovery::DrainLifetime;
using discovery::DrainMarks;

class DrainFile : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path state() const { return folder_ / "state"; }
  void write(const std::string& text) const {
    std::filesystem::create_directories(state());
    std::ofstream(state() / "drains.json") << text;
  }

  ringway::test::TemporaryFolder folder_;
  const DrainMarks marks_ = {
      {{std::nullopt, "shop/web-1"}, DrainLifetime::kPersisted},
      {{proxy::SocketAddress::parse("127.0.0.1:8080"), "shop/web-2"}, DrainLifetime::kPersisted},
      {{proxy::SocketAddress::parse("[::1]:8080"), ""}, DrainLifetime::kPersisted},
  };
};

TEST_F(DrainFile, gives_back_what_was_saved_without_what_ends_with_the_daemon) {
  DrainMarks all = marks_;
  all[{std::nullopt, "shop/web-3"}] = DrainLifetime::kUntilRestart;
  ASSERT_TRUE(save_drains(state(), all)) << "the folder is made";
  EXPECT_EQ(load_drains(state()), marks_);
  ASSERT_TRUE(save_drains(state(), {}));
  EXPECT_EQ(load_drains(state()), DrainMarks{});
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(state())) {
    ++files;
  }
  EXPECT_EQ(files, 1U) << "nothing else is left in the folder";
}

TEST_F(DrainFile, is_empty_where_there_is_none) {
  EXPECT_EQ(load_drains(state()), DrainMarks{});
  EXPECT_EQ(load_drains(state() / "deeper"), DrainMarks{});
}

TEST_F(DrainFile, that_is_damaged_or_of_another_version_is_an_error) {
  for (const char* text :
       {"", "{", "[]", "null", "\x01\xff", "{}", R"({"version":"1"})", R"({"version":1})",
        R"({"version":1,"drains":{}})", R"({"version":1,"drains":[1]})", R"({"version":1,"drains":[{}]})",
        R"({"version":1,"drains":[{"workload":1}]})", R"({"version":1,"drains":[{"address":"x","workload":"a"}]})",
        R"({"version":2,"drains":[]})", R"({"version":1.5,"drains":[]})"}) {
    write(text);
    const auto loaded = load_drains(state());
    ASSERT_FALSE(loaded) << text;
    EXPECT_NE(loaded.error().find("drains.json: "), std::string::npos) << loaded.error();
  }
  write(R"({"version":2,"drains":[]})");
  EXPECT_NE(load_drains(state()).error().find("version is 2, this program knows 1"), std::string::npos);
}

TEST_F(DrainFile, cut_at_any_byte_is_an_error_and_is_written_anew) {
  ASSERT_TRUE(save_drains(state(), marks_));
  std::ifstream file(state() / "drains.json");
  const std::string whole((std::istreambuf_iterator<char>(file)), {});
  ASSERT_GT(whole.size(), 100U);
  for (std::size_t length = 0; length + 2 < whole.size(); ++length) {
    write(whole.substr(0, length));
    ASSERT_FALSE(load_drains(state())) << "cut at byte " << length;
  }
  ASSERT_TRUE(save_drains(state(), marks_));
  EXPECT_EQ(load_drains(state()), marks_);
}

TEST_F(DrainFile, that_cannot_be_written_leaves_the_old_one_and_says_what_to_do) {
  ASSERT_TRUE(save_drains(state(), marks_));
  // Root may write anywhere, so the way is barred by a folder of the name that the new file needs.
  std::filesystem::create_directory(state() / ".drains.json.new");
  const auto saved = save_drains(state(), {});
  ASSERT_FALSE(saved);
  EXPECT_NE(saved.error().find("drains.json: Is a directory: let the user"), std::string::npos) << saved.error();
  EXPECT_EQ(load_drains(state()), marks_);
}

TEST_F(DrainFile, holds_a_limited_number_of_drains) {
  DrainMarks many;
  for (std::size_t i = 0; i <= kMostPersistedDrains; ++i) {
    many[{std::nullopt, "shop/web-" + std::to_string(i)}] = DrainLifetime::kPersisted;
  }
  EXPECT_FALSE(save_drains(state(), many));
  many.erase(many.begin());
  ASSERT_TRUE(save_drains(state(), many));
  EXPECT_EQ(load_drains(state()), many);
}

TEST(StateDirectory, is_the_configured_one_else_that_of_systemd_else_the_usual) {
  config::Ringway ringway;
  unsetenv("STATE_DIRECTORY");
  EXPECT_EQ(state_directory(ringway), "/var/lib/ringway");
  setenv("STATE_DIRECTORY", "/var/lib/private/a:/var/lib/private/b", 1);
  EXPECT_EQ(state_directory(ringway), "/var/lib/private/a");
  ringway.state_directory = "/srv/ringway";
  EXPECT_EQ(state_directory(ringway), "/srv/ringway");
  unsetenv("STATE_DIRECTORY");
}

}  // namespace
}  // namespace ringway::daemon
