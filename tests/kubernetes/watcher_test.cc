#include <gmock/gmock.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>

#include "discovery/kubernetes/kubernetes.h"
#include "tests/kubernetes/recording.h"
#include "tests/kubernetes/server/api_server.h"
#include "tests/kubernetes/server/api_text.h"

namespace ringway::discovery {
namespace {

using namespace std::chrono_literals;
using test::api_service;
using test::api_slice;
using test::ApiServer;
using test::http_answer;
using test::recorded;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kDeadline = 20s;

class KubernetesWatcherTest : public testing::Test {
 protected:
  KubernetesWatcherTest() {
    std::string name = std::filesystem::temp_directory_path() / "ringway-kubernetes-XXXXXX";
    folder_ = mkdtemp(name.data());
    timings_.first_backoff = 1ms;
    timings_.last_backoff = 20ms;
  }
  void TearDown() override {
    watcher_.reset();
    std::filesystem::remove_all(folder_);
  }

  void write(const std::string& file, const std::string& text) { std::ofstream(folder_ + "/" + file) << text; }
  void watch(const std::string& kubeconfig, config::KubernetesSource source = {}) {
    write("kubeconfig", kubeconfig);
    source.kubeconfig = folder_ + "/kubeconfig";
    watcher_ = make_kubernetes_watcher(context_.get_executor(), source, "node-a", sink_, sink_, timings_);
    watcher_->start();
  }
  void watch_until_live(ApiServer& api) {
    watch(api.kubeconfig());
    ASSERT_TRUE(until_live(api)) << sink_.last_status.detail;
    sink_.take();
  }
  bool until_live(ApiServer& api) {
    return until(
        [&] { return connected() && sink_.last_status.detail.starts_with("Kubernetes v") && api.watches() == 3; });
  }
  bool until(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) {
        return false;
      }
      context_.run_one_for(10ms);
    }
    return true;
  }
  [[nodiscard]] bool connected() const { return sink_.last_status.connected; }
  bool until_said(const std::string& detail) {
    return until([&] {
      return std::ranges::any_of(sink_.statuses,
                                 [&](const SourceStatus& one) { return one.detail.find(detail) != std::string::npos; });
    });
  }
  /// A Service that comes after everything before it has been read.
  bool until_marked(ApiServer& api, const std::string& name) {
    api.put("services", api_service(name, "127.96.9.9", 80));
    return until([&] { return sink_.services.contains("shop/" + name); });
  }

  boost::asio::io_context context_;
  KubernetesTimings timings_;
  Recording sink_;
  std::string folder_;
  std::unique_ptr<KubernetesWatcher> watcher_;
};

TEST_F(KubernetesWatcherTest, ReadsTheRecordedListsOfRealServers) {
  for (const std::string version : {"v1.28", "v1.36"}) {
    ApiServer api;
    // Each time that it is asked: the versions of the recordings are old to the stand-in, whose watches answer 410.
    const auto always = [&](const std::string& target, const std::string& file) {
      api.answer(target, http_answer(200, recorded(version + file)), std::numeric_limits<int>::max());
    };
    always("/api/v1/services?limit", "/services-list.json");
    always("/apis/discovery.k8s.io/v1/endpointslices?limit", "/endpointslices-list.json");
    always("/api/v1/nodes?limit", "/nodes-list.json");
    api.answer("/api/v1/services?watch", http_answer(200, recorded(version + "/services-watch.jsonl")));
    sink_ = {};
    watch(api.kubeconfig());
    ASSERT_TRUE(until([&] { return sink_.services.contains("shop/backend") && !sink_.slices.empty(); }))
        << version << ": " << testing::PrintToString(sink_.log) << testing::PrintToString(api.requests());
    EXPECT_EQ(sink_.services.at("shop/backend").service.ports.empty(), false);
    EXPECT_THAT(sink_.log, testing::Not(Contains(HasSubstr("refused")))) << version;
    EXPECT_EQ(sink_.slices.at("shop/manual-1").service.empty(), false);
    watcher_.reset();
  }
}

TEST_F(KubernetesWatcherTest, ReadsTheRecordedWatchInPiecesOfAnySize) {
  const std::string lines = recorded("v1.36/endpointslices-watch.jsonl");
  std::map<std::string, config::EndpointSlice> whole;
  for (const std::size_t piece : {0U, 1U, 1000U}) {
    ApiServer api;
    sink_ = {};
    watch_until_live(api);
    api.set_piece(piece);
    api.send("endpointslices", lines);
    api.put("endpointslices", api_slice("mark", "1", 80, {{"10.0.0.1"}}));
    ASSERT_TRUE(until([&] { return sink_.slices.contains("shop/mark-1"); })) << piece;
    if (piece == 0) {
      whole = sink_.slices;
      EXPECT_GT(whole.size(), 1U);
    }
    EXPECT_EQ(sink_.slices, whole) << piece;
    watcher_.reset();
  }
}

TEST_F(KubernetesWatcherTest, ListsInPagesAndBeginsAnewWhereTheTokenHasExpired) {
  ApiServer api;
  for (int i = 0; i < 1201; ++i) {
    api.put("services", api_service("s" + std::to_string(i), "127.96.1.1", 80));
  }
  api.answer("/api/v1/services?limit=500&continue", http_answer(410, recorded("v1.36/gone-410-list-continue.json")));
  watch(api.kubeconfig());
  ASSERT_TRUE(until([&] { return connected(); }));
  EXPECT_EQ(sink_.services.size(), 1201U);
  EXPECT_EQ(api.asked("/api/v1/services?limit=500&continue"), 1U);
  watcher_.reset();
  sink_ = {};
  watch(api.kubeconfig());
  ASSERT_TRUE(until([&] { return connected(); }));
  EXPECT_EQ(sink_.services.size(), 1201U);
  EXPECT_EQ(api.asked("/api/v1/services?limit=500&continue"), 3U);
}

TEST_F(KubernetesWatcherTest, GoesOnFromTheLastVersionAfterEveryEnd) {
  ApiServer api;
  watch_until_live(api);
  ASSERT_TRUE(until_marked(api, "a"));
  api.end_watches();
  ASSERT_TRUE(until_marked(api, "b"));
  api.cut_watches();
  ASSERT_TRUE(until_marked(api, "c"));
  EXPECT_THAT(sink_.take(), ElementsAre("service shop/a", "service shop/b", "service shop/c"));
  EXPECT_EQ(api.asked("/api/v1/services?limit"), 1U);
  EXPECT_TRUE(until([&] { return api.watches() == 3; }));
  EXPECT_EQ(api.accepted(), 7U) << "an end in order keeps the connection, a cut does not; one was for the version";
}

TEST_F(KubernetesWatcherTest, LosesNothingWhereverAWatchIsCut) {
  ApiServer api;
  watch_until_live(api);
  const std::size_t length = 400;
  for (std::size_t at = 1; at < length; at += 13) {
    api.cut_next_event_after(at);
    ASSERT_TRUE(until_marked(api, "s" + std::to_string(at))) << at;
  }
  EXPECT_EQ(api.asked("/api/v1/services?limit"), 1U);
}

TEST_F(KubernetesWatcherTest, ListsAgainAfter410AndTellsTheDifference) {
  ApiServer api;
  api.put("services", api_service("stays", "127.96.1.1", 80));
  api.put("services", api_service("goes", "127.96.1.2", 80));
  watch_until_live(api);
  api.stop();
  api.drop("services", "shop/goes");
  api.put("services", api_service("comes", "127.96.1.3", 80));
  api.compact();
  api.put("nodes", {{"metadata", {{"name", "other"}}}});
  api.start();
  ASSERT_TRUE(until([&] { return sink_.services.contains("shop/comes"); }));
  EXPECT_THAT(sink_.take(), ElementsAre("service shop/goes gone", "service shop/comes"));

  api.answer("/api/v1/services?watch", http_answer(410, recorded("v1.36/gone-410-watch-services.jsonl")));
  api.end_watches();
  ASSERT_TRUE(until([&] { return api.asked("/api/v1/services?limit") >= 3; }));
  ASSERT_TRUE(until_marked(api, "mark"));
  EXPECT_THAT(sink_.take(), ElementsAre("service shop/mark"));
}

TEST_F(KubernetesWatcherTest, ABookmarkSavesAList) {
  ApiServer api;
  watch_until_live(api);
  api.put("nodes", {{"metadata", {{"name", "other"}}}});
  for (const char* resource : {"services", "endpointslices", "nodes"}) {
    api.bookmark(resource);
  }
  api.compact();
  api.end_watches();
  ASSERT_TRUE(until([&] { return api.asked("/api/v1/services?watch") == 2; }));
  ASSERT_TRUE(until_marked(api, "a"));
  EXPECT_EQ(api.asked("?limit"), 3U);
}

TEST_F(KubernetesWatcherTest, UnchangedObjectsCauseNothing) {
  ApiServer api;
  api.put("services", api_service("a", "127.96.1.1", 80));
  watch_until_live(api);
  auto annotated = api_service("a", "127.96.1.1", 80);
  annotated["metadata"]["annotations"]["x"] = "y";
  api.put("services", annotated);
  ASSERT_TRUE(until_marked(api, "b"));
  EXPECT_THAT(sink_.take(), ElementsAre("service shop/b"));
}

TEST_F(KubernetesWatcherTest, ErrorsAreSaidAndRetryAfterIsHeld) {
  ApiServer api;
  watch_until_live(api);
  api.answer("/api/v1/services", http_answer(429, recorded("v1.36/error-429.txt"), "Retry-After: 1\r\n"));
  api.end_watches();
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(until_said("services: watching: 429: "));
  ASSERT_TRUE(until([&] { return connected(); }));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 900ms);
  for (const auto& [status, file] :
       std::vector<std::pair<int, std::string>>{{401, "v1.36/error-401-bad-token.json"},
                                                {403, "v1.36/error-403-nobody.json"},
                                                {500, "v1.36/error-500-bad-rv.json"},
                                                {504, "v1.36/error-504-rv-too-large-list.json"}}) {
    sink_.statuses.clear();
    api.answer("/api/v1/services", http_answer(status, recorded(file)));
    api.end_watches();
    ASSERT_TRUE(until_said("services: watching: " + std::to_string(status) + ": ")) << status;
    ASSERT_TRUE(until([&] { return connected(); })) << status;
  }
}

TEST_F(KubernetesWatcherTest, ASilentConnectionIsGivenUp) {
  timings_.silence = 30ms;
  timings_.request = 100ms;
  ApiServer api;
  watch(api.kubeconfig());
  ASSERT_TRUE(until([&] { return connected(); }));
  ASSERT_TRUE(until([&] { return api.asked("/api/v1/services?watch") >= 3; }));
  EXPECT_TRUE(connected());
  api.fall_silent(true);
  ASSERT_TRUE(until_said("no answer in time"));
  api.fall_silent(false);
  ASSERT_TRUE(until([&] { return connected(); }));
}

TEST_F(KubernetesWatcherTest, HugeAndMalformedObjects) {
  ApiServer api;
  watch_until_live(api);
  auto huge = api_service("huge", "127.96.1.1", 80);
  huge["metadata"]["annotations"]["big"] = std::string(3 << 20, 'x');
  api.put("services", huge);
  ASSERT_TRUE(until([&] { return sink_.services.contains("shop/huge"); }));
  sink_.take();
  api.send("services", "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"\xff\"}}}\n");
  ASSERT_TRUE(until_said("services: watching: "));
  ASSERT_TRUE(until_marked(api, "after"));
  EXPECT_THAT(sink_.take(), ElementsAre("service shop/after"));
}

TEST_F(KubernetesWatcherTest, ABadObjectIsSaidAndWhatWasKnownStays) {
  ApiServer api;
  api.put("services", api_service("a", "127.96.1.1", 80, "{balancer: random}"));
  watch_until_live(api);
  api.put("services", api_service("a", "127.96.1.1", 80, "{balancer: dice}"));
  ASSERT_TRUE(until([&] { return !sink_.log.empty(); }));
  EXPECT_THAT(sink_.take(), ElementsAre(HasSubstr("refused service shop/a: ")));
  EXPECT_TRUE(sink_.services.contains("shop/a"));
}

TEST_F(KubernetesWatcherTest, AStartWaitsForThePodsThatAServiceSelects) {
  ApiServer api;
  api.put("services", api_service("web", "127.96.1.1", 80, "{selector: app=web}"));
  api.put("pods", {{"metadata", {{"name", "web-1"}, {"namespace", "shop"}, {"labels", {{"app", "web"}}}}},
                   {"status", {{"podIP", "127.0.0.11"}}}});
  watch(api.kubeconfig());
  ASSERT_TRUE(until([&] { return sink_.services.contains("shop/web"); }));
  EXPECT_TRUE(sink_.pods.contains("shop/web-1")) << "told at once with its Service";
  EXPECT_TRUE(sink_.last_status.synced || until([&] { return sink_.last_status.synced; }));
}

TEST_F(KubernetesWatcherTest, PodsThatMayNotBeListedHoldNoOtherServiceUp) {
  ApiServer api;
  api.put("services", api_service("web", "127.96.1.1", 80, "{selector: app=web}"));
  api.put("services", api_service("db", "127.96.1.2", 80));
  api.answer("/api/v1/pods", http_answer(403, "{}"), std::numeric_limits<int>::max());
  watch(api.kubeconfig());
  ASSERT_TRUE(until([&] { return sink_.services.contains("shop/db"); }));
  EXPECT_THAT(sink_.last_status.detail, HasSubstr("403"));
}

TEST_F(KubernetesWatcherTest, NamespacesAndLabelsNarrowWhatIsAskedFor) {
  ApiServer api;
  config::KubernetesSource source;
  source.namespaces = {"shop", "ops"};
  source.label_selector = "team in (a,b)";
  watch(api.kubeconfig(), source);
  ASSERT_TRUE(until([&] { return connected() && api.watches() == 5; }));
  EXPECT_EQ(api.asked("/api/v1/namespaces/ops/services?limit=500&labelSelector=team%20in%20%28a%2Cb%29"), 1U);
  EXPECT_EQ(api.asked("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?limit=500"), 1U);
  EXPECT_EQ(api.asked("/api/v1/services"), 0U);
}

TEST_F(KubernetesWatcherTest, TrustsByAuthorityAndName) {
  ApiServer api({.tls = true});
  const std::string ca = "certificate-authority: " + test::tls_file("ca.pem");
  watch(api.kubeconfig("{}", "tls-server-name: api.test"));
  ASSERT_TRUE(until_said("certificate"));
  for (const auto& [cluster, fits] :
       std::vector<std::pair<std::string, bool>>{{ca, true},
                                                 {ca + ", tls-server-name: api.test", true},
                                                 {ca + ", tls-server-name: other.test", false},
                                                 {"insecure-skip-tls-verify: true", true}}) {
    watcher_.reset();
    sink_.statuses.clear();
    sink_.last_status = {};
    watch(api.kubeconfig("{}", cluster));
    ASSERT_TRUE(fits ? until([&] { return connected(); }) : until_said("its certificate: ")) << cluster;
  }
}

TEST_F(KubernetesWatcherTest, ShowsAClientCertificate) {
  ApiServer api({.tls = true, .client_certificate = true});
  watch(api.kubeconfig("{client-certificate: " + test::tls_file("client.pem") +
                       ", client-key: " + test::tls_file("client.key") + "}"));
  ASSERT_TRUE(until([&] { return connected(); })) << sink_.last_status.detail;
}

TEST_F(KubernetesWatcherTest, ReadsTheTokenFileAnewForEachRequest) {
  ApiServer api;
  api.require_token("old");
  write("token", "old\n");
  watch(api.kubeconfig("{tokenFile: token}"));
  ASSERT_TRUE(until_live(api));
  api.require_token("new");
  write("token", "new\n");
  sink_.statuses.clear();
  api.end_watches();
  ASSERT_TRUE(until_marked(api, "a"));
  EXPECT_THAT(sink_.statuses, IsEmpty());
}

TEST_F(KubernetesWatcherTest, RunsAnExecPluginAgainWhenItsTokenIsRefused) {
  ApiServer api;
  api.require_token("t1");
  write("answer", "t1");
  write("plugin",
        "#!/bin/sh\necho run >> \"$LOG\"\nprintf '{\"apiVersion\":\"client.authentication.k8s.io/v1\","
        "\"kind\":\"ExecCredential\",\"status\":{\"token\":\"%s\"}}' \"$(cat $1)\"\n");
  std::filesystem::permissions(folder_ + "/plugin", std::filesystem::perms::owner_all);
  watch(api.kubeconfig("{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, args: [" + folder_ +
                       "/answer], env: [{name: LOG, value: " + folder_ + "/runs}]}}"));
  ASSERT_TRUE(until([&] { return connected() && api.watches() == 3; })) << sink_.last_status.detail;
  EXPECT_EQ(std::filesystem::file_size(folder_ + "/runs"), 4U) << "once for all connections";
  write("answer", "t2");
  api.require_token("t2");
  api.end_watches();
  ASSERT_TRUE(until_marked(api, "a")) << sink_.last_status.detail;
}

}  // namespace
}  // namespace ringway::discovery
