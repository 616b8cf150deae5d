#include "tests/harness/replica_scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

namespace ringway::test {
namespace {

using nlohmann::json;
using ::testing::IsEmpty;

constexpr milliseconds kFirstSession{1000};

/// "shop/web-1" -> "web-1".
std::string bare(const std::string& workload) {
  return workload.substr(workload.rfind('/') + 1);
}

/// "2026-01-31T12:00:00.123Z" -> milliseconds since 1970.
std::int64_t milliseconds_of(const std::string& text) {
  std::tm time{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  return std::int64_t{timegm(&time)} * 1000 + (rest != nullptr && *rest == '.' ? std::atoi(rest + 1) : 0);
}

std::int64_t since_1970_ms(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

std::string spread(std::vector<std::int64_t> values) {
  std::ranges::sort(values);
  return std::to_string(values[values.size() / 2]) + " (most " + std::to_string(values.back()) + ")";
}

bool is_refusal(const SteadyFailure& failure) {
  return failure.step == "connect" && failure.error == ECONNREFUSED;
}

/// Let in, and then no endpoint took it.
bool is_reset_unserved(const SteadyFailure& failure) {
  return failure.error == ECONNRESET && failure.server.empty();
}

std::string document(const SocketAddress& vip) {
  // In turn, for then a new one is soon due. All else is the default: also where an engine that tells of a stop only
  // when it is over leaves ten of twenty that refuse.
  return "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec:\n  clusterIP: " +
         vip.ip().to_string() +
         "\n  selector: {app: web}\n  ports: [{name: greet, port: " + std::to_string(vip.port()) +
         ", targetPort: greet}]\npolicy: {balancer: roundRobin}\n";
}

}  // namespace

ReplicaScenario::ReplicaScenario(ReplicaEngine& engine, ScenarioOptions options)
    : engine_(engine), options_(std::move(options)), replicas_(engine) {}

void ReplicaScenario::scale() {
  begin(5);
  grow(5, "v1");
  grow(10, "v1");
  ASSERT_EQ(usable(), 20);
  shrink(replicas_.oldest(10));
  ASSERT_TRUE(wait_until([&] { return usable() == 10; }));
  shrink_to_none();
  expect_refused_at_once();
  grow(5, "v1");
  EXPECT_EQ(usable(), 5);
}

void ReplicaScenario::roll() {
  constexpr std::size_t kReplicas = 6;
  constexpr std::size_t kAtOnce = 2;
  begin(kReplicas);
  for (std::size_t replaced = 0; replaced < kReplicas; replaced += kAtOnce) {
    grow(kAtOnce, "v2");
    shrink(replicas_.oldest(kAtOnce));
  }
  ASSERT_TRUE(load_->settle());
  const SteadyReport before = load_->report();
  ASSERT_TRUE(wait_until([&] { return load_->report().finished > before.finished + 100; }));
  EXPECT_EQ(load_->report().by_release.at("v1"), before.by_release.at("v1")) << "nothing reaches the old release";
  EXPECT_EQ(usable(), kReplicas);
  expect_no_failures("after the update");
}

void ReplicaScenario::begin(std::size_t count) {
  const auto names = replicas_.add(count, "v1");
  daemon_ = std::make_unique<Daemon>(
      DaemonOptions{.config = document(vip_), .spec_lines = {"discovery: " + options_.discovery}});
  ASSERT_TRUE(wait_until([&] { return usable() == count; }));
  load_ = std::make_unique<SteadyLoad>(SteadyOptions{.to = vip_});
  ASSERT_TRUE(wait_until([&] { return load_->report().by_server.size() == count; }));
  expect_no_failures("at the start");
}

void ReplicaScenario::grow(std::size_t count, const std::string& release) {
  const bool from_none = replicas_.names().empty();
  const auto names = replicas_.add(count, release);
  ASSERT_TRUE(wait_until([&] {
    const auto reached = load_->report().by_server;
    return std::ranges::all_of(names, [&](const auto& name) { return reached.contains(name); });
  })) << "every new one is reached";
  if (from_none) {
    expect_failures_only_before_the_first();
  }
  print_delays(names);
  expect_no_failures("with " + std::to_string(count) + " more");
}

void ReplicaScenario::shrink(const std::vector<std::string>& names) {
  auto sessions = hold(names);
  const auto wrong = replicas_.remove(names, [&] {
    if (options_.tells_of_stops) {
      EXPECT_TRUE(wait_until([&] {
        const auto now = states();
        return std::ranges::all_of(names, [&](const auto& name) { return now.at(name) == "draining"; });
      })) << "each that stops drains";
    }
    expect_alive(sessions);
    finish(sessions);
  });
  EXPECT_THAT(wrong, IsEmpty());
  EXPECT_TRUE(wait_until([&] { return usable() == replicas_.names().size(); }));
  expect_no_failures("with " + std::to_string(names.size()) + " fewer");
}

void ReplicaScenario::shrink_to_none() {
  const auto names = replicas_.names();
  auto sessions = hold(names);
  expect_no_failures("before the last ones leave");
  const auto wrong = replicas_.remove(names, [&] {
    if (options_.tells_of_stops) {
      EXPECT_EQ(TcpClient(vip_).error(), ECONNREFUSED) << "refused while the last sessions are open";
    }
    expect_alive(sessions);
    finish(sessions);
  });
  EXPECT_THAT(wrong, IsEmpty());
  ASSERT_TRUE(wait_until([&] { return usable() == 0; }));
  for (const auto& failure : load_->take_failures()) {
    // A client that was let in before the engine told that nobody is left finds that all refuse, and is reset.
    EXPECT_TRUE(is_refusal(failure) || is_reset_unserved(failure)) << failure.text();
  }
}

void ReplicaScenario::expect_refused_at_once() {
  const auto begun = Clock::now();
  EXPECT_EQ(TcpClient(vip_).error(), ECONNREFUSED);
  std::printf(
      "refused after %lld us\n",
      static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun).count()));
  ASSERT_TRUE(load_->settle());
  static_cast<void>(load_->take_failures());
  const std::uint64_t finished = load_->report().finished;
  ASSERT_TRUE(load_->settle());
  EXPECT_EQ(load_->report().finished, finished);
  for (const auto& failure : load_->take_failures()) {
    EXPECT_TRUE(is_refusal(failure)) << failure.text();
  }
}

void ReplicaScenario::expect_failures_only_before_the_first() {
  const auto first = load_->report().first;
  auto reached = std::chrono::system_clock::time_point::max();
  for (const auto& name : replicas_.names()) {
    reached = std::min(reached, first.at(name));
  }
  for (const auto& failure : load_->take_failures()) {
    // An engine calls a container running before it listens, and there is no other to go to.
    EXPECT_TRUE(is_refusal(failure) || is_reset_unserved(failure)) << failure.text();
    EXPECT_LT(failure.began, reached) << "after the first had answered: " << failure.text();
  }
}

void ReplicaScenario::expect_no_failures(const std::string& step) {
  const auto failures = load_->take_failures();
  EXPECT_THAT(summary(failures), IsEmpty()) << step;
}

void ReplicaScenario::print_delays(const std::vector<std::string>& names) {
  const auto first = load_->report().first;
  const auto told = told_ms();
  std::vector<std::int64_t> after_event;
  std::vector<std::int64_t> after_start;
  for (const auto& name : names) {
    ASSERT_TRUE(told.contains(name)) << name;
    after_event.push_back(since_1970_ms(first.at(name)) - told.at(name));
    after_start.push_back(since_1970_ms(first.at(name)) - engine_.started_ns(name) / 1'000'000);
    // 50 ms is the aim; what a busy machine makes of it is no failure.
    EXPECT_LT(after_event.back(), scaled(kFirstSession).count()) << name;
  }
  const auto all = daemon_->metric("ringway_propagation_seconds_count").value_or(0);
  const auto soon = daemon_->metric("ringway_propagation_seconds_bucket", {{"le", "0.05"}}).value_or(0);
  std::printf(
      "%zu more: first session %s ms after the daemon took it in, %s ms after the engine started it; "
      "%.0f of %.0f events in force within 50 ms\n",
      names.size(), spread(after_event).c_str(), spread(after_start).c_str(), soon, all);
}

std::map<std::string, std::unique_ptr<TcpClient>> ReplicaScenario::hold(const std::vector<std::string>& names) const {
  std::map<std::string, std::unique_ptr<TcpClient>> sessions;
  EXPECT_TRUE(wait_until([&] {
    auto client = std::make_unique<TcpClient>(vip_);
    const auto server = read_greeting(*client).server;
    if (std::ranges::find(names, server) != names.end()) {
      sessions.try_emplace(server, std::move(client));
    }
    return sessions.size() == names.size();
  })) << "a session with each";
  return sessions;
}

void ReplicaScenario::expect_alive(const std::map<std::string, std::unique_ptr<TcpClient>>& sessions) const {
  for (const auto& [name, client] : sessions) {
    EXPECT_TRUE(client->send("still?")) << name;
    EXPECT_EQ(client->receive(6), "still?") << name;
  }
}

void ReplicaScenario::finish(std::map<std::string, std::unique_ptr<TcpClient>>& sessions) const {
  for (const auto& [name, client] : sessions) {
    client->finish();
    client->receive_all();
    EXPECT_EQ(client->ending(), Ending::kFin) << name;
  }
}

std::map<std::string, std::string> ReplicaScenario::states() const {
  std::map<std::string, std::string> all;
  const json list = json::parse(daemon_->get("/api/v1/endpoints").body)["items"];
  for (const auto& each : list) {
    all[bare(each["workload"].get<std::string>())] = each["state"].get<std::string>();
  }
  return all;
}

std::size_t ReplicaScenario::usable() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(states(), [](const auto& state) { return state.second == "ready"; }));
}

std::map<std::string, std::int64_t> ReplicaScenario::told_ms() const {
  std::map<std::string, std::int64_t> all;
  const json list = json::parse(daemon_->get("/api/v1/events").body)["items"];
  for (const auto& each : list) {
    const auto message = each["message"].get<std::string>();
    const auto open = message.find('(');
    if (each["kind"] == "EndpointIn" && open != std::string::npos) {
      const auto workload = message.substr(open + 1, message.find(')') - open - 1);
      all[bare(workload)] = milliseconds_of(each["time"].get<std::string>());
    }
  }
  return all;
}

}  // namespace ringway::test
