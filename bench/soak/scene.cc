#include "bench/soak/scene.h"

#include <algorithm>
#include <csignal>

#include "tests/harness/places.h"
#include "tests/harness/services.h"

namespace ringway::soak {
namespace {

const std::string kLongDrain = "drain: {timeout: 10m}";

std::string name_of(const SoakService& service, const Place& place) {
  const auto index = &place - service.places.data();
  return service.name + "-" + std::to_string(index) + "." + std::to_string(place.life);
}

/// A Pod keeps its name whoever stands beside it: under another one it would be another endpoint.
std::string pod(const SoakService& service, const Place& place) {
  const auto index = &place - service.places.data();
  return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + service.name + "-" + std::to_string(index) +
         ", namespace: default, labels: {app: " + service.name +
         "}}\nspec: {containers: [{name: main, ports: [{name: main, containerPort: " + std::to_string(place.at.port()) +
         "}]}]}\nstatus: {podIP: \"" + place.at.ip().to_string() + "\"}\n";
}

}  // namespace

bool SoakService::whole() const {
  return std::ranges::all_of(places, [](const Place& place) { return place.server && place.configured; });
}

Scene::Scene(const std::string& engine, std::uint64_t file_limit, Verdict& verdict) : verdict_(verdict) {
  add("checked", 3, test::Mode::kGreet,
      "{balancer: leastConnections, healthCheck: {tcp: {}, interval: 200ms, rise: 1, fall: 1}, " + kLongDrain + "}");
  add("turns", 3, test::Mode::kGreet, "{balancer: roundRobin, " + kLongDrain + "}");
  add("dice", 3, test::Mode::kGreet, "{balancer: random, " + kLongDrain + "}");
  add("uploads", 2, test::Mode::kFinFirst, "{" + kLongDrain + "}");
  add("drained", 2, test::Mode::kGreet, "{drain: {timeout: 2s}}");
  add("emptied", 1, test::Mode::kGreet, "{" + kLongDrain + "}");
  add("extra", 1, test::Mode::kGreet, "{drain: {timeout: 1s}}");
  daemon_ = std::make_unique<test::Daemon>(test::DaemonOptions{
      .config = documents(), .spec_lines = {"workers: 2", "engine: " + engine}, .file_limit = file_limit});
}

void Scene::add(const std::string& name, std::size_t places, test::Mode mode, const std::string& policy) {
  SoakService service{.name = name, .vip = test::next_vip(), .mode = mode, .policy = policy, .places = {}};
  for (std::size_t i = 0; i < places; ++i) {
    service.places.emplace_back();
  }
  for (Place& place : service.places) {
    revive(service, place);
  }
  services_.push_back(std::move(service));
}

SoakService& Scene::service(const std::string& name) {
  return *std::ranges::find(services_, name, &SoakService::name);
}

std::vector<Target> Scene::targets() const {
  std::vector<Target> all;
  for (const SoakService& service : services_) {
    if (service.name != "extra") {
      all.push_back({.name = service.name,
                     .vip = service.vip,
                     .uploads = service.mode == test::Mode::kFinFirst,
                     .steady = service.places.size() > 1});
    }
  }
  return all;
}

void Scene::kill(Place& place) {
  const std::unique_ptr<test::EchoServer> server = std::move(place.server);
  note_wrong(*server);
}

void Scene::revive(const SoakService& service, Place& place) {
  ++place.life;
  place.server = std::make_unique<test::EchoServer>(
      test::ServerOptions{.mode = service.mode, .name = name_of(service, place), .at = place.at});
  place.at = place.server->address();
}

std::string Scene::documents() const {
  std::string text;
  for (const SoakService& service : services_) {
    if (!service.shown) {
      continue;
    }
    text += test::documents({{.name = service.name, .vip = service.vip, .endpoints = {}, .policy = service.policy}});
    for (const Place& place : service.places) {
      if (place.configured) {
        text += pod(service, place);
      }
    }
  }
  return text;
}

void Scene::note_reloads() {
  reloads_before_ = daemon_->metric("ringway_reloads_total").value_or(0);
}

void Scene::put(Arrival arrival, const std::string& flaw) {
  if (arrival == Arrival::kWrite) {
    daemon_->write_config(documents() + flaw);
  } else {
    daemon_->rename_config(documents() + flaw);
  }
}

void Scene::configure(Arrival arrival, const std::string& flaw) {
  note_reloads();
  put(arrival, flaw);
  if (arrival == Arrival::kReload) {
    const int status = daemon_->post("/api/v1/reload").status;
    if ((status == 200) != flaw.empty()) {
      verdict_.violated("a reload answered " + std::to_string(status));
    }
  } else if (arrival == Arrival::kSignal) {
    daemon_->signal(SIGHUP);
  }
  if (!await_result(flaw.empty())) {
    verdict_.violated(flaw.empty() ? "a right configuration did not come into force"
                                   : "a wrong configuration was not refused");
  }
}

bool Scene::await_result(bool valid, milliseconds limit) {
  return test::wait_until(limit, [&] {
    const std::string text = daemon_->get("/metrics").body;
    return test::sum_of_samples(text, "ringway_reloads_total", {}).value_or(0) > reloads_before_ &&
           test::sum_of_samples(text, "ringway_config_valid", {}) == (valid ? 1 : 0);
  });
}

void Scene::note_wrong(const test::EchoServer& server) {
  if (server.wrong() > 0) {
    verdict_.violated(server.name() + " received " + std::to_string(server.wrong()) + " streams with a wrong byte");
  }
}

void Scene::check_uploads(const TrafficReport& report) {
  for (const SoakService& service : services_) {
    for (const Place& place : service.places) {
      note_wrong(*place.server);
      const auto sent = report.uploads.find(place.server->name());
      if (service.mode == test::Mode::kFinFirst && sent != report.uploads.end() &&
          !test::wait_until([&] { return place.server->finished() == sent->second; })) {
        verdict_.violated(place.server->name() + " got " + std::to_string(place.server->finished()) + " of " +
                          std::to_string(sent->second) + " uploads");
      }
    }
  }
}

}  // namespace ringway::soak
