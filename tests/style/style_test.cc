#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/style/rules.h"

namespace ringway::style {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::filesystem::path& root() {
  static const std::filesystem::path kRoot = SOURCE_FOLDER;
  return kRoot;
}

const std::vector<Source>& tree() {
  static const std::vector<Source> kTree = read_sources(root());
  return kTree;
}

template <typename Rule>
void expect_clean_tree(Rule rule) {
  for (const Source& source : tree()) {
    for (const std::string& finding : rule(source)) {
      ADD_FAILURE() << finding;
    }
  }
}

// The tree, as it stands.

TEST(Tree, is_read) {
  EXPECT_GT(tree().size(), 20U);
}
TEST(Tree, holds_the_arrows_between_folders) {
  expect_clean_tree(check_arrows);
}
TEST(Tree, keeps_libraries_in_their_folders) {
  expect_clean_tree(check_libraries);
}
TEST(Tree, has_no_locks_sleeps_or_wall_clock_where_they_do_not_belong) {
  expect_clean_tree(check_threads);
}
TEST(Tree, has_short_files_without_leftovers) {
  expect_clean_tree(check_form);
}
TEST(Tree, has_links_that_lead_somewhere) {
  expect_clean_tree([](const Source& source) { return check_links(source, root()); });
}

TEST(Tree, explains_each_folder_of_code_in_a_readme_there_or_one_above) {
  for (const Source& source : tree()) {
    const auto folder = std::filesystem::path(source.path).parent_path();
    if (source.path.ends_with(".cc") && !source.path.starts_with("cmake/")) {
      EXPECT_TRUE(std::filesystem::exists(root() / folder / "README.md") ||
                  (folder.has_parent_path() && std::filesystem::exists(root() / folder.parent_path() / "README.md")))
          << folder << " has no README.md, nor has the folder above";
    }
  }
}

// That each rule bites.

TEST(Arrows, stop_an_include_of_a_folder_that_may_not_be_known) {
  EXPECT_THAT(check_arrows({"discovery/store.cc", "#include <map>\n#include \"proxy/relay/session.h\"\n"}),
              ElementsAre(HasSubstr("discovery/store.cc:2: may not know proxy/relay/session.h")));
  EXPECT_THAT(check_arrows({"proxy/core/error.h", "#include \"config/values.h\"\n"}), testing::SizeIs(1));
  EXPECT_THAT(check_arrows({"proxy/balance/picker.h", "#include \"proxy/ring/ring.h\"\n"}), testing::SizeIs(1));
  EXPECT_THAT(check_arrows({"proxy/worker.cc", "#include \"discovery/store.h\"\n"}), testing::SizeIs(1));
  EXPECT_THAT(check_arrows({"discovery/labels/selector.h", "#include \"config/values.h\"\n"}), testing::SizeIs(1));
  EXPECT_THAT(check_arrows({"config/load.cc", "#include \"proxy/core/error.h\"\n"}), testing::SizeIs(1));
  EXPECT_THAT(check_arrows({"discovery/reconciler.cc", "#include \"proxy/data_plane.h\"\n"}), testing::SizeIs(1));
}

TEST(Arrows, let_the_allowed_ones_pass) {
  EXPECT_THAT(check_arrows({"proxy/relay/session.cc", "#include \"proxy/ring/ring.h\"\n"}), IsEmpty());
  EXPECT_THAT(check_arrows({"proxy/worker.cc", "#include \"proxy/relay/session.h\"\n"}), IsEmpty());
  EXPECT_THAT(check_arrows({"discovery/store.cc", "#include \"discovery/source/watcher.h\"\n"}), IsEmpty());
  EXPECT_THAT(check_arrows({"daemon/main.cc", "#include \"proxy/data_plane.h\"\n"}), IsEmpty());
}

TEST(Libraries, stop_a_library_outside_of_its_folder) {
  EXPECT_THAT(check_libraries({"daemon/main.cc", "#include <yaml-cpp/yaml.h>\n"}),
              ElementsAre(HasSubstr("only config/ knows YAML")));
  EXPECT_THAT(check_libraries({"config/load.cc", "#include <yaml-cpp/yaml.h>\n"}), IsEmpty());
  EXPECT_THAT(check_libraries({"proxy/relay/session.cc", "#include <boost/asio/post.hpp>\n"}), testing::SizeIs(1));
  EXPECT_THAT(check_libraries({"discovery/source/cri_table.cc", "#include <grpcpp/channel.h>\n"}), testing::SizeIs(1));
  EXPECT_THAT(check_libraries({"daemon/log.h", "#include <spdlog/spdlog.h>\n"}), testing::SizeIs(1));
  EXPECT_THAT(check_libraries({"daemon/log.cc", "#include <iostream>\n"}), testing::SizeIs(1));
}

TEST(Threads, stop_locks_and_sleeps_but_not_words_in_comments) {
  EXPECT_THAT(check_threads({"proxy/relay/session.cc", "  std::mutex lock_;\n"}), testing::SizeIs(1));
  EXPECT_THAT(check_threads({"proxy/relay/session.cc", "  // no mutex here\n"}), IsEmpty());
  EXPECT_THAT(check_threads({"proxy/relay/session.cc", "  say(\"a mutex\");\n"}), IsEmpty());
  EXPECT_THAT(check_threads({"proxy/worker.cc", "  std::thread thread_;\n"}), IsEmpty());
  EXPECT_THAT(check_threads({"discovery/store.cc", "  std::thread thread_;\n"}), testing::SizeIs(1));
  EXPECT_THAT(check_threads({"discovery/kubernetes/name_lookup.cc", "  std::mutex lock_;\n"}), testing::SizeIs(1));
  EXPECT_THAT(check_threads({"discovery/store.cc", "std::this_thread::sleep_for(1s);\n"}), testing::SizeIs(1));
}

TEST(Form, stops_long_files_leftovers_and_missing_guards) {
  std::string long_text = "#pragma once\n";
  for (int line = 0; line < 400; ++line) {
    long_text += "\n";
  }
  EXPECT_THAT(check_form({"proxy/x.h", long_text}), ElementsAre(HasSubstr("more than 400 lines")));
  EXPECT_THAT(check_form({"proxy/x.h", "#include <map>\n"}), ElementsAre(HasSubstr("#pragma once")));
  EXPECT_THAT(check_form({"proxy/x.cc", std::string("// TO") + "DO: later\n"}), testing::SizeIs(1));
  EXPECT_THAT(check_form({"proxy/x.cc", "mkdtemp(\"/tmp/XXXXXX\");\n"}), IsEmpty());
  EXPECT_THAT(check_form({"proxy/x.cc", "#include \"x.h\"\n"}), ElementsAre(HasSubstr("path from the root")));
}

TEST(Links, stop_those_that_lead_nowhere) {
  EXPECT_THAT(check_links({"README.md", "see [this](no/such/file.md#part)\n"}, root()),
              ElementsAre(HasSubstr("no/such/file.md")));
  EXPECT_THAT(check_links({"README.md", "see [this](CMakeLists.txt) and [that](https://example.org)\n"}, root()),
              IsEmpty());
}

}  // namespace
}  // namespace ringway::style
