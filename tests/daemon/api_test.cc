#include "daemon/admin/api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "tests/daemon/fakes.h"

namespace ringway::daemon {
namespace {

using discovery::EndpointCondition;
using nlohmann::json;

class ApiTest : public testing::Test {
 protected:
  Response ask(const std::string& method, const std::string& path, std::map<std::string, std::string> query = {},
               const std::string& body = "", bool trusted = true) {
    std::optional<Response> out;
    api_.handle({.method = method, .path = path, .query = std::move(query), .body = body, .trusted = trusted},
                [&out](Response response) {
                  EXPECT_FALSE(out) << "replied twice";
                  out = std::move(response);
                });
    EXPECT_TRUE(out) << "no reply";
    return out ? std::move(*out) : Response{};
  }

  json items(const std::string& kind, std::map<std::string, std::string> query = {}) {
    return json::parse(ask("GET", "/api/v1/" + kind, std::move(query)).body)["items"];
  }

  test::FakeBoard board_;
  Api api_{board_};
};

TEST_F(ApiTest, a_service_shows_its_ports_counters_and_policy) {
  board_.add_endpoint("10.0.0.1:8080", EndpointCondition::kReady);
  board_.add_endpoint("10.0.0.2:8080", EndpointCondition::kDown);
  board_.add_endpoint("10.0.0.3:8080", EndpointCondition::kDraining);
  board_.stats().worker(1).active.add(2);
  const json list = items("services");
  ASSERT_EQ(list.size(), 1);
  EXPECT_EQ(list[0]["name"], "web");
  EXPECT_EQ(list[0]["policy"]["balancer"], "powerOfTwo");
  const json& port = list[0]["ports"][0];
  EXPECT_EQ(port["listen"], json::array({"127.96.0.10:80"}));
  EXPECT_EQ(port["targetPort"], "http");
  EXPECT_EQ(port["endpoints"], json({{"usable", 1}, {"reserve", 0}, {"total", 2}, {"draining", 1}}));
  EXPECT_EQ(port["tier"], 1);
  EXPECT_EQ(port["reach"]["now"], "anywhere");
  EXPECT_EQ(port["counters"]["active"], 2);
}

TEST_F(ApiTest, an_endpoint_says_its_state_and_why) {
  test::FakeCheck check;
  check.state = {.up = false, .detail = "HTTP 503, wanted 200-399"};
  auto& view = board_.add_endpoint("10.0.0.1:8080", EndpointCondition::kDown);
  view.reason = "HTTP 503, wanted 200-399";
  view.check = &check;
  board_.last_state().connect_failures[0] = 4;
  const json list = items("endpoints");
  ASSERT_EQ(list.size(), 1);
  EXPECT_EQ(list[0]["state"], "down");
  EXPECT_EQ(list[0]["reason"], "HTTP 503, wanted 200-399");
  EXPECT_EQ(list[0]["check"]["up"], false);
  EXPECT_EQ(list[0]["counters"]["connectFailures"], json({{"refused", 4}}));
}

TEST_F(ApiTest, an_endpoint_without_an_address_shows_none) {
  board_.add_endpoint("0.0.0.0:8080", EndpointCondition::kNotReady);
  EXPECT_EQ(items("endpoints").at(0)["address"], "");
}

TEST_F(ApiTest, lists_are_filtered_by_namespace_name_and_labels) {
  board_.add_endpoint("10.0.0.1:8080", EndpointCondition::kReady);
  EXPECT_EQ(items("services", {{"namespace", "shop"}}).size(), 1);
  EXPECT_EQ(items("services", {{"namespace", "other"}}).size(), 0);
  EXPECT_EQ(items("endpoints", {{"name", "web"}}).size(), 1);
  EXPECT_EQ(items("endpoints", {{"name", "db"}}).size(), 0);
  EXPECT_EQ(items("services", {{"labelSelector", "app in (web,api)"}}).size(), 1);
  EXPECT_EQ(items("services", {{"labelSelector", "app!=web"}}).size(), 0);
}

TEST_F(ApiTest, a_wrong_selector_is_the_clients_mistake) {
  const auto answer = ask("GET", "/api/v1/services", {{"labelSelector", "a in (b"}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(json::parse(answer.body)["error"].get<std::string>().find("labelSelector"), std::string::npos);
  EXPECT_EQ(ask("GET", "/api/v1/sessions", {{"labelSelector", "a=b"}}).status, 400);
}

TEST_F(ApiTest, a_workload_without_a_namespace_belongs_to_every_one) {
  discovery::Workload container;
  container.source = "docker";
  container.id = "1";
  container.name = "web\xff";
  board_.known[{"docker", "1"}] = container;
  EXPECT_EQ(items("workloads", {{"namespace", "shop"}}).size(), 1);
  EXPECT_EQ(items("workloads", {{"namespace", "shop"}, {"name", "nginx"}}).size(), 0);
}

TEST_F(ApiTest, candidates_say_why_they_are_in_or_out) {
  board_.configured.services.front().selector = discovery::Selector::parse("app=web,tier=backend").value();
  board_.add_endpoint("10.0.0.1:8080", EndpointCondition::kDown).reason = "connect: refused";
  discovery::Workload one;
  one.source = "file";
  one.id = "1";
  one.ns = "shop";
  one.name = "web-1";
  one.labels = {{"app", "web"}, {"tier", "backend"}};
  board_.known[{"file", "1"}] = one;
  one.id = "2";
  one.name = "web-2";
  one.labels["tier"] = "frontend";
  board_.known[{"file", "2"}] = one;
  EXPECT_EQ(ask("GET", "/api/v1/candidates").status, 400);
  const json list = items("candidates", {{"namespace", "shop"}, {"name", "web"}});
  ASSERT_EQ(list.size(), 1);
  const json& candidates = list[0]["candidates"];
  ASSERT_EQ(candidates.size(), 2);
  EXPECT_EQ(candidates[0]["reasons"], json::array({"port http: health: connect: refused"}));
  EXPECT_EQ(candidates[0]["selected"], true);
  EXPECT_EQ(candidates[1]["reasons"], json::array({"label tier is 'frontend', wanted 'backend'"}));
  EXPECT_EQ(list[0]["leftOut"], 0);
  EXPECT_EQ(items("workloads")[0]["services"], json::array({"shop/web"}));
  EXPECT_EQ(items("workloads")[1]["services"], json::array());
}

TEST_F(ApiTest, sessions_are_limited_and_say_so) {
  board_.plane.sessions.resize(3);
  for (auto& session : board_.plane.sessions) {
    session.service = {"shop", "web", "http", proxy::Protocol::kTcp};
  }
  const auto two = json::parse(ask("GET", "/api/v1/sessions", {{"limit", "2"}}).body);
  EXPECT_EQ(two["items"].size(), 2);
  EXPECT_EQ(two["truncated"], true);
  const auto all = json::parse(ask("GET", "/api/v1/sessions", {{"limit", "3"}}).body);
  EXPECT_EQ(all["items"].size(), 3);
  EXPECT_EQ(all["truncated"], false);
  for (const char* limit : {"0", "-1", "x", "2x", "", "100001", "99999999999999999999"}) {
    EXPECT_EQ(ask("GET", "/api/v1/sessions", {{"limit", limit}}).status, 400) << limit;
  }
}

TEST_F(ApiTest, ready_needs_sources_and_listeners_and_a_daemon_that_stays) {
  EXPECT_EQ(ask("GET", "/readyz").status, 200);
  EXPECT_EQ(ask("GET", "/readyz").body, "ok");
  board_.wanted = {"file", "docker"};
  auto answer = ask("GET", "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("[-]source-docker failed"), std::string::npos) << answer.body;
  board_.heard["docker"] = {.synced = false, .connected = false, .detail = "connect: refused"};
  EXPECT_NE(ask("GET", "/readyz").body.find("connect: refused"), std::string::npos);
  board_.heard["docker"] = {.synced = true, .connected = false, .detail = "connect: refused"};
  answer = ask("GET", "/readyz", {{"verbose", ""}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("[+]source-docker ok (not connected"), std::string::npos) << answer.body;
  board_.listens = false;
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
  board_.listens = true;
  board_.path.failures = {"worker 1: no bytes came back within 800ms"};
  answer = ask("GET", "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("[-]data-path failed: worker 1: no bytes"), std::string::npos) << answer.body;
  board_.path = {.failures = {}, .note = "not probed: no file"};
  EXPECT_EQ(ask("GET", "/readyz").status, 200);
  EXPECT_NE(ask("GET", "/readyz", {{"verbose", ""}}).body.find("[+]data-path ok (not probed: no file)"),
            std::string::npos);
  board_.path = {};
  board_.ends = true;
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
  EXPECT_EQ(ask("GET", "/livez").status, 200);
}

TEST_F(ApiTest, a_change_needs_the_header_that_a_foreign_page_cannot_send) {
  EXPECT_EQ(ask("POST", "/api/v1/reload", {}, "", false).status, 403);
  EXPECT_EQ(ask("POST", "/api/v1/drain", {}, R"({"endpoint":"web-1"})", false).status, 403);
  EXPECT_EQ(board_.reloads, 0);
  EXPECT_TRUE(board_.drains.empty());
}

TEST_F(ApiTest, a_refused_reload_carries_its_mistakes) {
  board_.report = {.result = ReloadReport::Result::kRefused, .changes = {}, .mistakes = {"a.yaml:1:2: x: wrong"}};
  const auto answer = ask("POST", "/api/v1/reload");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(json::parse(answer.body)["mistakes"], json::array({"a.yaml:1:2: x: wrong"}));
  board_.report = {.result = ReloadReport::Result::kApplied, .changes = {"service a/b: added"}, .mistakes = {}};
  EXPECT_EQ(ask("POST", "/api/v1/reload").status, 200);
}

TEST_F(ApiTest, drain_names_an_endpoint_that_exists) {
  EXPECT_EQ(ask("POST", "/api/v1/drain", {}, R"({"endpoint":"web-1"})").status, 200);
  EXPECT_EQ(ask("POST", "/api/v1/undrain", {}, R"({"endpoint":"web-1"})").status, 200);
  EXPECT_EQ(ask("POST", "/api/v1/drain", {}, R"({"endpoint":"other"})").status, 404);
  for (const char* body : {"", "{", "[]", "{}", R"({"endpoint":1})", R"({"endpoint":""})"}) {
    EXPECT_EQ(ask("POST", "/api/v1/drain", {}, body).status, 400) << body;
  }
  EXPECT_EQ(ask("POST", "/api/v1/drain", {}, R"({"endpoint":"web-1","persist":"yes"})").status, 400);
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"web-1", "drain"}, {"web-1", "undrain"}, {"other", "drain"}};
  EXPECT_EQ(board_.drains, wanted);
}

TEST_F(ApiTest, a_drain_that_is_to_survive_says_so_or_why_it_cannot) {
  const auto done = ask("POST", "/api/v1/drain", {}, R"({"endpoint":"web-1","persist":true})");
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(json::parse(done.body)["persist"], true);
  EXPECT_EQ(json::parse(ask("POST", "/api/v1/drain", {}, R"({"endpoint":"web-1"})").body)["persist"], false);
  board_.drain_error = "writing /x/drains.json: Permission denied";
  const auto refused = ask("POST", "/api/v1/drain", {}, R"({"endpoint":"web-1","persist":true})");
  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(json::parse(refused.body)["error"], board_.drain_error);
}

TEST_F(ApiTest, paths_and_methods_that_are_not_there_say_so) {
  EXPECT_EQ(ask("GET", "/nothing").status, 404);
  EXPECT_EQ(ask("GET", "/api/v1/").status, 404);
  const auto answer = ask("DELETE", "/metrics");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.allow, "GET, HEAD");
  EXPECT_EQ(ask("GET", "/api/v1/reload").allow, "POST");
  EXPECT_TRUE(json::parse(answer.body).contains("error"));
}

TEST_F(ApiTest, events_of_a_service_are_found_by_its_name) {
  board_.log.add({.kind = "EndpointIn", .object = "endpoint/a", .ns = "shop", .service = "web", .message = "m"});
  board_.log.add({.kind = "Reloaded", .object = "configuration", .message = "m"});
  EXPECT_EQ(items("events").size(), 2);
  EXPECT_EQ(items("events", {{"namespace", "shop"}, {"name", "web"}}).size(), 1);
  EXPECT_EQ(items("events", {{"namespace", "other"}}).size(), 1);
}

TEST_F(ApiTest, the_event_log_forgets_the_oldest) {
  for (std::size_t i = 0; i < EventLog::kLimit + 5; ++i) {
    board_.log.add({.kind = "K", .object = "o"});
  }
  const json list = items("events");
  EXPECT_EQ(list.size(), EventLog::kLimit);
  EXPECT_EQ(list[0]["sequence"], 6);
}

TEST_F(ApiTest, the_configuration_in_force_is_shown_in_its_own_words) {
  board_.configured.ringway.workers = 0;
  const json config = json::parse(ask("GET", "/api/v1/config").body);
  EXPECT_EQ(config["ringway"]["workers"], "auto");
  EXPECT_EQ(config["services"][0]["clusterIPs"], json::array({"127.96.0.10"}));
  EXPECT_EQ(config["valid"], true);
}

TEST_F(ApiTest, the_overview_takes_foreign_text_for_text) {
  board_.add_endpoint("10.0.0.1:80", EndpointCondition::kDown).reason = "<script>alert('x')</script>";
  const auto answer = ask("GET", "/");
  EXPECT_TRUE(answer.content_type.starts_with("text/html"));
  EXPECT_EQ(answer.body.find("<script"), std::string::npos);
  EXPECT_NE(answer.body.find("&lt;script&gt;"), std::string::npos);
  EXPECT_EQ(answer.body.find("://"), std::string::npos) << "nothing comes from elsewhere";
}

class StreamTest : public ApiTest {
 protected:
  static json data(const std::string& message) { return json::parse(message.substr(message.find("data: ") + 6)); }
};

TEST_F(StreamTest, the_first_message_is_all_and_later_ones_are_what_changed) {
  board_.add_endpoint("10.0.0.1:80", EndpointCondition::kReady);
  board_.add_endpoint("10.0.0.2:80", EndpointCondition::kReady);
  const auto answer = ask("GET", "/api/v1/stream");
  ASSERT_TRUE(answer.stream);
  const std::string first = answer.stream->next();
  EXPECT_TRUE(first.starts_with("event: snapshot\ndata: {")) << first;
  EXPECT_TRUE(first.ends_with("}\n\n"));
  EXPECT_EQ(data(first)["endpoints"].size(), 2);

  EXPECT_EQ(answer.stream->next(), "");
  board_.last_state().connections = 5;
  board_.stats().worker(0).connections.add(5);
  EXPECT_EQ(answer.stream->next(), "") << "counters are no change";

  board_.add_endpoint("10.0.0.3:80", EndpointCondition::kDown);
  board_.log.add({.kind = "K", .object = "o"});
  const std::string next = answer.stream->next();
  EXPECT_TRUE(next.starts_with("event: changes\n")) << next;
  EXPECT_EQ(data(next)["endpoints"].size(), 1);
  EXPECT_EQ(data(next)["endpoints"][0]["address"], "10.0.0.3:80");
  EXPECT_EQ(data(next)["events"].size(), 1);

  for (std::size_t i = 0; i < EventLog::kLimit + 3; ++i) {
    board_.log.add({.kind = "K", .object = "o"});
  }
  const json flood = data(answer.stream->next());
  EXPECT_EQ(flood["events"].size(), EventLog::kLimit);
  EXPECT_EQ(flood["eventsLost"], 3) << "events that fell out before they were told are counted";

  board_.has_service = false;
  const json gone = data(answer.stream->next())["removed"];
  EXPECT_EQ(gone["services"].size(), 1);
  EXPECT_EQ(gone["endpoints"].size(), 3);
  EXPECT_EQ(gone["endpoints"][0]["service"], "web");
  EXPECT_EQ(answer.stream->next(), "");
}

}  // namespace
}  // namespace ringway::daemon
