#include "bench/soak/director.h"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "tests/harness/tcp_client.h"

namespace ringway::soak {
namespace {

constexpr std::array<std::string_view, 4> kDialled = {"checked", "turns", "dice", "uploads"};
/// `drain.timeout` of the Service "drained".
constexpr milliseconds kDrainTimeout{2'000};

const std::array<std::string, 4> kFlaws = {"---\napiVersion: v1\nkind: Service\nmetadata: {name: broken",
                                           "---\napiVersion: v1\nkind: Service\nmetadata: {name: broken}\nspec: "
                                           "{clusterIP: 127.96.255.1, ports: [{port: 0}]}\n",
                                           "---\napiVersion: v1\nkind: Service\nmetadata: {name: broken}\nspec: "
                                           "{clusterIP: 127.96.255.1, ports: [{port: 80}]}\n"
                                           "policy: {balancr: random}\n",
                                           "---\napiVersion: ringway/v1\nkind: Ringway\nspec: {workers: 3}\n"};

void sleep_until(Clock::time_point end) {
  while (Clock::now() < end) {
    poll(nullptr, 0, test::until(end));
  }
}

}  // namespace

Director::Director(Scene& scene, Ledger& ledger, Verdict& verdict, std::uint64_t seed, bool verbose)
    : scene_(scene), ledger_(ledger), verdict_(verdict), random_(seed), verbose_(verbose) {}

void Director::run(milliseconds time, Traffic& traffic) {
  const auto end = Clock::now() + time;
  while (Clock::now() < end) {
    if (!scene_.daemon().process().running()) {
      verdict_.violated("the daemon died:\n" + scene_.daemon().log());
      return;
    }
    const auto what = static_cast<Act>(random_.between(0, kActs - 1));
    done_[static_cast<std::size_t>(what)] += act(what, traffic) ? 1 : 0;
    pause(std::min(random_.between_ms(100, 900), std::chrono::duration_cast<milliseconds>(end - Clock::now())));
  }
}

void Director::pause(milliseconds time) {
  const auto end = Clock::now() + time;
  do {
    undo_due();
    const auto next = std::ranges::min_element(undo_, {}, &Undo::at);
    sleep_until(next == undo_.end() ? end : std::min(end, next->at));
  } while (Clock::now() < end);
}

void Director::undo_due() {
  for (;;) {
    const auto due = std::ranges::find_if(undo_, [](const Undo& undo) { return undo.at <= Clock::now(); });
    if (due == undo_.end()) {
      return;
    }
    const auto act = std::move(due->act);
    undo_.erase(due);
    act();
  }
}

void Director::finish() {
  for (Undo& undo : std::exchange(undo_, {})) {
    sleep_until(undo.at);
    undo.act();
  }
  scene_.service("extra").shown = true;
  scene_.configure(Arrival::kReload);
}

bool Director::act(Act what, Traffic& traffic) {
  switch (what) {
    case Act::kKill:
      return kill();
    case Act::kTake:
      return take();
    case Act::kDrain:
      return drain();
    case Act::kEmpty:
      return empty();
    case Act::kChange:
      return change();
    case Act::kMistake:
      return mistake();
    case Act::kFilesOut:
      return files_out();
    case Act::kFlood:
      return flood(traffic);
    case Act::kCount:
      break;
  }
  return false;
}

bool Director::kill() {
  SoakService& service = scene_.service(std::string(kDialled[random_.between(0, kDialled.size() - 1)]));
  Place& place = service.places[random_.between(0, service.places.size() - 1)];
  const auto gone = random_.between_ms(100, 2'000);
  if (!service.whole()) {
    return false;
  }
  kill(service, place, gone);
  return true;
}

void Director::kill(SoakService& service, Place& place, milliseconds gone) {
  say("kill " + place.server->name());
  const std::size_t fault = ledger_.begin(
      {.kind = Fault::Kind::kKilled, .service = service.name, .server = place.server->name(), .begin = Clock::now()});
  scene_.kill(place);
  ledger_.end(fault);
  undo_.push_back({Clock::now() + gone, [this, &service, &place] { scene_.revive(service, place); }});
}

bool Director::take() {
  SoakService& service = scene_.service(std::string(kDialled[random_.between(0, kDialled.size() - 1)]));
  Place& place = service.places[random_.between(0, service.places.size() - 1)];
  const Arrival arrival = draw_arrival();
  const Arrival back = draw_arrival();
  const auto gone = random_.between_ms(200, 3'000);
  if (!service.whole()) {
    return false;
  }
  say("take " + place.server->name());
  place.configured = false;
  scene_.configure(arrival);
  undo_.push_back({Clock::now() + gone, [this, &place, back] {
                     place.configured = true;
                     scene_.configure(back);
                   }});
  return true;
}

bool Director::drain() {
  SoakService& service = scene_.service("drained");
  Place& place = service.places[random_.between(0, service.places.size() - 1)];
  const auto gone = random_.between_ms(2'500, 5'000);
  if (!service.whole()) {
    return false;
  }
  say("drain " + place.server->name());
  const auto begin = Clock::now();
  place.configured = false;
  // This one returns when it is in force: who has connected later is not with that endpoint.
  scene_.configure(Arrival::kReload);
  ledger_.begin({.kind = Fault::Kind::kDrained,
                 .service = service.name,
                 .server = place.server->name(),
                 .begin = begin + kDrainTimeout,
                 .end = Clock::now()});
  undo_.push_back({Clock::now() + gone, [this, &place] {
                     place.configured = true;
                     scene_.configure(Arrival::kReload);
                   }});
  return true;
}

bool Director::empty() {
  SoakService& service = scene_.service("emptied");
  const Arrival arrival = draw_arrival();
  const auto gone = random_.between_ms(100, 800);
  say("empty " + service.name);
  const std::size_t fault =
      ledger_.begin({.kind = Fault::Kind::kNoEndpoint, .service = service.name, .server = {}, .begin = Clock::now()});
  service.places[0].configured = false;
  scene_.configure(arrival);
  if (!test::wait_until([&] { return test::TcpClient(service.vip).error() == ECONNREFUSED; })) {
    verdict_.violated("a Service without endpoints does not refuse");
  }
  pause(gone);
  service.places[0].configured = true;
  scene_.configure(arrival);
  if (!test::wait_until([&] { return test::TcpClient(service.vip).connected(); })) {
    verdict_.violated("a Service whose endpoint is back does not serve");
  }
  ledger_.end(fault);
  return true;
}

bool Director::change() {
  SoakService& extra = scene_.service("extra");
  SoakService& dice = scene_.service("dice");
  const bool show = random_.one_in(2);
  const bool turns = random_.one_in(2);
  const Arrival arrival = draw_arrival();
  say(std::string("reload, extra ") + (show ? "shown" : "hidden"));
  extra.shown = show;
  dice.policy = std::string("{balancer: ") + (turns ? "roundRobin" : "random") + ", drain: {timeout: 10m}}";
  scene_.configure(arrival);
  if (!test::wait_until([&] { return test::TcpClient(extra.vip).connected() == show; })) {
    verdict_.violated(show ? "a new Service does not serve" : "a Service that is gone still serves");
  }
  return true;
}

bool Director::mistake() {
  const std::string& flaw = kFlaws[random_.between(0, kFlaws.size() - 1)];
  const Arrival arrival = draw_arrival();
  const auto gone = random_.between_ms(50, 500);
  say("wrong configuration");
  scene_.configure(arrival, flaw);
  pause(gone);
  scene_.configure(arrival);
  return true;
}

bool Director::files_out() {
  SoakService& service = scene_.service(std::string(kDialled[random_.between(0, kDialled.size() - 1)]));
  Place& place = service.places[random_.between(0, service.places.size() - 1)];
  const auto time = random_.between_ms(200, 1'500);
  const bool kills = random_.one_in(3);
  const bool writes = random_.one_in(3);
  say("files out for " + std::to_string(time.count()) + " ms");
  scene_.note_reloads();
  rlimit before{};
  prlimit(scene_.daemon().process().pid(), RLIMIT_NOFILE, nullptr, &before);
  const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  const std::size_t fault =
      ledger_.begin({.kind = Fault::Kind::kFilesOut, .service = {}, .server = {}, .begin = Clock::now()});
  prlimit(scene_.daemon().process().pid(), RLIMIT_NOFILE, &none, nullptr);
  if (kills && service.whole()) {
    kill(service, place, milliseconds(50));
  }
  if (writes) {
    scene_.put(Arrival::kRename);
  }
  sleep_until(Clock::now() + time);
  prlimit(scene_.daemon().process().pid(), RLIMIT_NOFILE, &before, nullptr);
  ledger_.end(fault);
  if (writes && !scene_.await_result(true, std::chrono::seconds(5))) {
    verdict_.violated("a configuration that was written while files were out did not come into force after it");
    scene_.configure(Arrival::kReload);
  }
  return true;
}

bool Director::flood(Traffic& traffic) {
  SoakService& service = scene_.service(std::string(kDialled[random_.between(0, kDialled.size() - 1)]));
  Place& place = service.places[random_.between(0, service.places.size() - 1)];
  const auto time = random_.between_ms(500, 2'000);
  const bool kills = random_.one_in(3);
  say("flood");
  traffic.flood(true);
  pause(time / 2);
  if (kills && service.whole()) {
    kill(service, place, milliseconds(200));
  }
  pause(time / 2);
  traffic.flood(false);
  return true;
}

Arrival Director::draw_arrival() {
  return static_cast<Arrival>(random_.between(0, 3));
}

void Director::say(const std::string& what) const {
  if (verbose_) {
    const auto since = std::chrono::duration_cast<milliseconds>(Clock::now() - start_);
    std::fprintf(stderr, "    %lld ms: %s\n", static_cast<long long>(since.count()), what.c_str());
  }
}

}  // namespace ringway::soak
