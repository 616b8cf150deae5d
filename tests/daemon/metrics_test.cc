#include "daemon/admin/metrics.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/daemon/fakes.h"
#include "tests/harness/daemon.h"

namespace ringway::daemon {
namespace {

using discovery::EndpointCondition;
using ringway::test::sum_of_samples;

std::string metrics_text(const Board& board) {
  return test::read_all(*make_metrics(board));
}

/// And the lines of each family stand together, as the format wants it.
void expect_each_series_once(const std::string& text) {
  std::istringstream lines(text);
  std::set<std::string> families;
  std::set<std::string> series;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << line;
    } else if (!line.starts_with("#")) {
      EXPECT_TRUE(line.starts_with(family)) << line << " stands under " << family;
      EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line << " stands twice";
    }
  }
}

TEST(Metrics, counters_are_summed_over_workers) {
  test::FakeBoard board;
  board.stats().worker(0).connections.add(3);
  board.stats().worker(1).connections.add(4);
  board.stats().worker(1).bytes_upstream.add(1000);
  board.stats().worker(0).ended[static_cast<std::size_t>(proxy::Cause::kNoEndpoint)].add(2);
  board.stats().worker(1).ended[static_cast<std::size_t>(proxy::Cause::kDenied)].add(5);
  board.stats().worker(0).ended[static_cast<std::size_t>(proxy::Cause::kMaxConnections)].add(6);
  const std::string text = metrics_text(board);
  EXPECT_EQ(sum_of_samples(text, "ringway_connections_total", {{"namespace", "shop"}, {"service", "web"}}), 7);
  EXPECT_EQ(sum_of_samples(text, "ringway_bytes_total", {{"direction", "upstream"}}), 1000);
  EXPECT_EQ(sum_of_samples(text, "ringway_bytes_total", {{"direction", "downstream"}}), 0);
  EXPECT_EQ(sum_of_samples(text, "ringway_rejected_total", {{"reason", "noEndpoint"}}), 2);
  EXPECT_EQ(sum_of_samples(text, "ringway_rejected_total", {{"reason", "denied"}}), 5);
  EXPECT_EQ(sum_of_samples(text, "ringway_rejected_total", {{"reason", "maxConnections"}}), 6);
  EXPECT_EQ(sum_of_samples(text, "ringway_sessions_ended_total", {{"cause", "noEndpoint"}}), 2);
}

TEST(Metrics, a_histogram_counts_upwards_to_its_sum) {
  test::FakeBoard board;
  board.stats().worker(0).observe_connect(75);
  board.stats().worker(1).observe_connect(2'000);
  board.stats().worker(1).observe_connect(60'000'000);
  const std::string text = metrics_text(board);
  EXPECT_EQ(sum_of_samples(text, "ringway_connect_seconds_bucket", {{"le", "0.0001"}}), 1);
  EXPECT_EQ(sum_of_samples(text, "ringway_connect_seconds_bucket", {{"le", "0.0025"}}), 2);
  EXPECT_EQ(sum_of_samples(text, "ringway_connect_seconds_bucket", {{"le", "5"}}), 2);
  EXPECT_EQ(sum_of_samples(text, "ringway_connect_seconds_bucket", {{"le", "+Inf"}}), 3);
  EXPECT_EQ(sum_of_samples(text, "ringway_connect_seconds_count", {}), 3);
  EXPECT_NEAR(sum_of_samples(text, "ringway_connect_seconds_sum", {}).value(), 60.002075, 1e-6);
}

TEST(Metrics, an_endpoint_is_up_when_it_is_ready_and_counted_by_its_state) {
  test::FakeBoard board;
  board.add_endpoint("10.0.0.1:80", EndpointCondition::kReady);
  test::FakeCheck check;
  check.good = 5;
  check.bad = 2;
  auto& down = board.add_endpoint("10.0.0.2:80", EndpointCondition::kDown);
  down.check = &check;
  const std::string text = metrics_text(board);
  EXPECT_EQ(sum_of_samples(text, "ringway_endpoint_up", {{"endpoint", "10.0.0.1:80"}}), 1);
  EXPECT_EQ(sum_of_samples(text, "ringway_endpoint_up", {{"endpoint", "10.0.0.2:80"}}), 0);
  EXPECT_EQ(sum_of_samples(text, "ringway_endpoints", {{"state", "ready"}}), 1);
  EXPECT_EQ(sum_of_samples(text, "ringway_endpoints", {{"state", "down"}}), 1);
  EXPECT_EQ(sum_of_samples(text, "ringway_endpoints", {{"state", "draining"}}), 0);
  EXPECT_EQ(sum_of_samples(text, "ringway_health_checks_total", {{"result", "failure"}}), 2);
  EXPECT_EQ(sum_of_samples(text, "ringway_health_checks_total", {{"result", "success"}}), 5);
}

TEST(Metrics, failures_of_an_endpoint_appear_with_the_first_one) {
  test::FakeBoard board;
  board.add_endpoint("10.0.0.1:80", EndpointCondition::kReady);
  EXPECT_EQ(sum_of_samples(metrics_text(board), "ringway_connect_failures_total", {}), std::nullopt);
  board.last_state().connect_failures[static_cast<std::size_t>(proxy::ConnectFailure::kTimeout)] = 3;
  EXPECT_EQ(sum_of_samples(metrics_text(board), "ringway_connect_failures_total",
                           {{"endpoint", "10.0.0.1:80"}, {"reason", "timeout"}}),
            3);
}

TEST(Metrics, a_removed_service_leaves_nothing_behind) {
  test::FakeBoard board;
  board.add_endpoint("10.0.0.1:80", EndpointCondition::kReady);
  EXPECT_NE(metrics_text(board).find("service=\"web\""), std::string::npos);
  board.has_service = false;
  EXPECT_EQ(metrics_text(board).find("service=\"web\""), std::string::npos);
}

TEST(Metrics, a_source_without_its_stream_is_not_synced) {
  test::FakeBoard board;
  board.heard["docker"] = {.synced = true, .connected = false, .detail = "gone"};
  board.news[{"docker", "upsert"}] = 9;
  const std::string text = metrics_text(board);
  EXPECT_EQ(sum_of_samples(text, "ringway_discovery_synced", {{"provider", "file"}}), 1);
  EXPECT_EQ(sum_of_samples(text, "ringway_discovery_synced", {{"provider", "docker"}}), 0);
  EXPECT_EQ(sum_of_samples(text, "ringway_discovery_events_total", {{"provider", "docker"}, {"type", "upsert"}}), 9);
}

TEST(Metrics, reloads_and_propagation_are_told) {
  test::FakeBoard board;
  board.counts.reloads = {1, 2, 3};
  board.counts.config_valid = false;
  board.counts.observe_propagation(std::chrono::microseconds(700));
  board.counts.observe_propagation(std::chrono::microseconds(-5));
  const std::string text = metrics_text(board);
  EXPECT_EQ(sum_of_samples(text, "ringway_reloads_total", {{"result", "applied"}}), 1);
  EXPECT_EQ(sum_of_samples(text, "ringway_reloads_total", {{"result", "refused"}}), 3);
  EXPECT_EQ(sum_of_samples(text, "ringway_config_valid", {}), 0);
  EXPECT_EQ(sum_of_samples(text, "ringway_propagation_seconds_bucket", {{"le", "0.0005"}}), 1);
  EXPECT_EQ(sum_of_samples(text, "ringway_propagation_seconds_bucket", {{"le", "0.001"}}), 2);
  EXPECT_EQ(sum_of_samples(text, "ringway_propagation_seconds_count", {}), 2);
}

TEST(Metrics, the_text_is_what_prometheus_reads) {
  test::FakeBoard board;
  board.add_endpoint("[::1]:80", EndpointCondition::kReady);
  board.heard["a\"b\\c\nd"] = {};
  std::istringstream lines(metrics_text(board));
  std::set<std::string> families;
  std::string type;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      std::istringstream words(line.substr(7));
      std::string name;
      words >> name >> type;
      EXPECT_TRUE(families.insert(name).second) << name << " stands twice";
      EXPECT_EQ(name.ends_with("_total"), type == "counter") << line;
    } else if (!line.starts_with("#")) {
      EXPECT_TRUE(line.starts_with("ringway_")) << line;
      EXPECT_NE(line.rfind(' '), std::string::npos);
    }
  }
  EXPECT_TRUE(families.contains("ringway_build_info"));
  EXPECT_NE(metrics_text(board).find(R"(provider="a\"b\\c\nd")"), std::string::npos);
}

TEST(Metrics, the_longest_turn_of_each_worker_is_told_in_seconds) {
  test::FakeBoard board;
  board.counts.worker_longest_turn_us = {250, 1'500};
  const std::string text = metrics_text(board);
  EXPECT_EQ(sum_of_samples(text, "ringway_worker_longest_turn_seconds", {{"worker", "0"}}), 0.00025);
  EXPECT_EQ(sum_of_samples(text, "ringway_worker_longest_turn_seconds", {{"worker", "1"}}), 0.0015);
}

TEST(Metrics, sessions_that_wait_are_told_and_causes_of_ends_appear_with_the_first_one) {
  test::FakeBoard board;
  board.stats().worker(0).queued.add(2);
  board.stats().worker(1).ended[static_cast<std::size_t>(proxy::Cause::kIdleTimeout)].add(3);
  const std::string text = metrics_text(board);
  EXPECT_EQ(sum_of_samples(text, "ringway_connections_queued", {{"service", "web"}}), 2);
  EXPECT_EQ(sum_of_samples(text, "ringway_sessions_ended_total", {}), 3);
  EXPECT_EQ(sum_of_samples(text, "ringway_sessions_ended_total", {{"cause", "noEndpoint"}}), std::nullopt);
}

TEST(Metrics, two_endpoints_at_one_address_are_one_series_and_both_are_counted) {
  test::FakeBoard board;
  board.add_endpoint("10.0.0.1:80", EndpointCondition::kReady);
  board.add_endpoint("10.0.0.1:80", EndpointCondition::kDraining);
  const std::string text = metrics_text(board);
  expect_each_series_once(text);
  EXPECT_EQ(sum_of_samples(text, "ringway_endpoint_up", {{"endpoint", "10.0.0.1:80"}}), 1);
  EXPECT_EQ(sum_of_samples(text, "ringway_endpoints", {{"state", "ready"}}), 1);
  EXPECT_EQ(sum_of_samples(text, "ringway_endpoints", {{"state", "draining"}}), 1);
}

/// 100 ports of 300 endpoints each.
void fill(test::FakeBoard& board) {
  board.twins = 99;
  for (int i = 0; i < 300; ++i) {
    board.add_endpoint("10.0." + std::to_string(i / 100) + "." + std::to_string(i % 100) + ":80",
                       EndpointCondition::kReady);
  }
}

TEST(Metrics, a_large_set_comes_whole_in_small_pieces) {
  constexpr std::size_t kMost_bytes = 256 * 1024;
  test::FakeBoard board;
  fill(board);
  const auto body = make_metrics(board);
  std::string text;
  while (const auto piece = body->next()) {
    EXPECT_LT(piece->size(), kMost_bytes);
    text += *piece;
  }
  EXPECT_EQ(body->next(), std::nullopt);
  EXPECT_GT(text.size(), 10 * kMost_bytes);
  expect_each_series_once(text);
  EXPECT_EQ(sum_of_samples(text, "ringway_endpoint_up", {}), 30'000);
  EXPECT_EQ(sum_of_samples(text, "ringway_endpoint_up", {{"port", "http-42"}}), 300);
  EXPECT_EQ(sum_of_samples(text, "ringway_endpoints", {{"port", "http-42"}, {"state", "ready"}}), 300);
  EXPECT_EQ(sum_of_samples(text, "ringway_tier", {}), 100);
  EXPECT_EQ(sum_of_samples(text, "ringway_build_info", {}), 1);
}

TEST(Metrics, services_may_come_and_go_between_two_pieces) {
  test::FakeBoard board;
  fill(board);
  for (std::size_t turn = 0; turn < 40; ++turn) {
    const auto body = make_metrics(board);
    std::string text;
    for (std::size_t piece = 0; const auto more = body->next(); ++piece) {
      text += *more;
      board.twins = piece % (turn + 2) == turn ? 20 : 99;
      board.has_service = piece % 50 != turn;
    }
    board.has_service = true;
    expect_each_series_once(text);
    EXPECT_EQ(sum_of_samples(text, "ringway_build_info", {}), 1);
  }
}

}  // namespace
}  // namespace ringway::daemon
