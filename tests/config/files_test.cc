#include <sys/stat.h>

#include "tests/config/loading.h"

namespace ringway::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
namespace fs = std::filesystem;

std::vector<std::string> printed(const std::expected<Configuration, std::vector<Mistake>>& loaded) {
  std::vector<std::string> texts;
  if (!loaded) {
    for (const Mistake& mistake : loaded.error()) {
      texts.push_back(mistake.to_string());
    }
  }
  return texts;
}

TEST(Files, several_and_folders_are_read_by_name) {
  const TemporaryFolder folder;
  const fs::path one = folder.write("one.yaml", service("one", "10.0.0.1", 80));
  folder.write("d/b.yml", service("b", "10.0.0.2", 80));
  folder.write("d/a.json", R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}})");
  folder.write("d/c.yaml", "");
  folder.write("d/notes.txt", "not: [yaml");
  folder.write("d/.hidden.yaml", "not: [yaml");
  folder.write("d/sub.yaml/x.yaml", "not: [yaml");
  Watchlist watchlist;
  const auto configuration = load(std::vector{one, folder.path() / "d"}, &watchlist);
  ASSERT_TRUE(configuration) << printed(configuration).front();
  EXPECT_THAT(configuration->files,
              ElementsAre(one, folder.path() / "d/a.json", folder.path() / "d/b.yml", folder.path() / "d/c.yaml"));
  EXPECT_EQ(watchlist.files, configuration->files);
  EXPECT_THAT(watchlist.folders, UnorderedElementsAre(folder.path(), folder.path() / "d"));
  EXPECT_EQ(configuration->services.size(), 2U);
}

TEST(Files, manifests_are_patterns_seen_from_the_file_that_names_them) {
  const TemporaryFolder folder;
  const fs::path main =
      folder.write("etc[1]/main.yaml",
                   ringway("{manifests: [\"services.d/*.yaml\", extra.yaml, \"none.d/*.yaml\"], defaults: {policy: "
                           "{balancer: random}}}"));
  folder.write("etc[1]/services.d/b.yaml", service("b", "10.0.0.2", 80));
  folder.write("etc[1]/services.d/a.yaml", service("a", "10.0.0.1", 80));
  folder.write("etc[1]/extra.yaml", service("x", "10.0.0.3", 80));
  Watchlist watchlist;
  const auto configuration = load(std::vector{main}, &watchlist);
  ASSERT_TRUE(configuration) << printed(configuration).front();
  ASSERT_EQ(configuration->services.size(), 3U);
  EXPECT_EQ(configuration->services[0].metadata.name, "a");
  EXPECT_EQ(configuration->services[2].policy.balancer, Balancer::kRandom);
  EXPECT_THAT(configuration->notes, ElementsAre("manifests 'none.d/*.yaml': no file matches yet"));
  EXPECT_THAT(watchlist.folders,
              testing::IsSupersetOf({folder.path() / "etc[1]", folder.path() / "etc[1]/services.d"}));
  EXPECT_THAT(watchlist.names, ElementsAre(WatchedNames{folder.path() / "etc[1]/services.d", "*.yaml"},
                                           WatchedNames{folder.path() / "etc[1]/none.d", "*.yaml"}));
}

TEST(Files, each_folder_that_a_pattern_may_grow_in_is_watched) {
  const TemporaryFolder folder;
  const fs::path main = folder.write("main.yaml", ringway("{manifests: [\"teams/*/v[12]/svc.conf\"]}"));
  folder.write("teams/a/v1/svc.conf", service("a", "10.0.0.1", 80));
  folder.write("teams/b/README", "");
  Watchlist watchlist;
  const auto configuration = load(std::vector{main}, &watchlist);
  ASSERT_TRUE(configuration) << printed(configuration).front();
  EXPECT_EQ(configuration->services.size(), 1U);
  const fs::path teams = folder.path() / "teams";
  EXPECT_THAT(watchlist.names,
              ElementsAre(WatchedNames{teams, "*"}, WatchedNames{teams / "a", "v[12]"},
                          WatchedNames{teams / "b", "v[12]"}, WatchedNames{teams / "a/v1", "svc.conf"}));
}

TEST(Files, of_a_wrong_configuration_are_known_too) {
  const TemporaryFolder folder;
  const fs::path main = folder.write("main.yaml", ringway("{manifests: [\"new.d/*.conf\", gone.conf]}"));
  const fs::path fine = folder.write("new.d/a.conf", service("a", "10.0.0.1", 80));
  Watchlist watchlist;
  EXPECT_FALSE(load(std::vector{main}, &watchlist));
  EXPECT_THAT(watchlist.files, ElementsAre(main, fine, folder.path() / "gone.conf"));
  EXPECT_THAT(watchlist.names, ElementsAre(WatchedNames{folder.path() / "new.d", "*.conf"}));
}

TEST(Files, that_come_in_twice_are_read_once) {
  const TemporaryFolder folder;
  const fs::path main = folder.write("main.yaml", ringway("{manifests: [\"*.yaml\"]}") + service("a", "10.0.0.1", 80));
  fs::create_symlink("main.yaml", folder.path() / "link.yaml");
  const auto configuration = load(std::vector{main, folder.path() / "." / "main.yaml", folder.path()});
  ASSERT_TRUE(configuration) << printed(configuration).front();
  EXPECT_EQ(configuration->services.size(), 1U);
}

TEST(Files, that_cannot_be_read_are_mistakes_that_name_them) {
  const TemporaryFolder folder;
  const fs::path fifo = folder.path() / "fifo.yaml";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  fs::create_symlink("nowhere", folder.path() / "dangling.yaml");
  EXPECT_THAT(printed(load(std::vector{folder.path() / "missing.yaml", fifo, folder.path() / "dangling.yaml",
                                       fs::path("/dev/zero"), fs::path("")})),
              ElementsAre(folder.path().string() + "/missing.yaml: cannot be read: No such file or directory",
                          fifo.string() + ": is no regular file, a file or a folder is needed",
                          folder.path().string() + "/dangling.yaml: cannot be read: No such file or directory",
                          "/dev/zero: is no regular file, a file or a folder is needed", HasSubstr("cannot be read")));
  const fs::path main = folder.write("main.yaml", ringway("{manifests: [gone.yaml]}"));
  EXPECT_THAT(printed(load(std::vector{main})),
              ElementsAre(HasSubstr("main.yaml:3:20: spec.manifests[0]: 'gone.yaml': no such file")));
}

TEST(Files, longer_than_the_limit_are_refused_unread) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("big.yaml", "");
  fs::resize_file(file, 65U << 20);
  EXPECT_THAT(printed(load(std::vector{file})), ElementsAre(HasSubstr("is longer than the 64 MiB that are allowed")));
}

TEST(Files, mistakes_stand_in_the_order_of_the_files) {
  const TemporaryFolder folder;
  const fs::path second = folder.write("a.yaml", service("x", "10.0.0.1", 0) + ringway("{}"));
  const fs::path first = folder.write("b.yaml", service("x", "10.0.0.2", 80) + ringway("{}"));
  EXPECT_THAT(printed(load(std::vector{first, second})),
              ElementsAre(HasSubstr("a.yaml:1:1: metadata.name: a second Service default/x, the first stands at " +
                                    first.string() + ":1"),
                          HasSubstr("a.yaml:4:66: spec.ports[0].port"),
                          HasSubstr("a.yaml:7:1: a second kind: Ringway, only one is allowed; the first stands at " +
                                    first.string() + ":7")));
}

}  // namespace
}  // namespace ringway::config
