#include "tests/sim/sources/world.h"

#include <algorithm>
#include <utility>

namespace ringway::sim {
namespace {

using proxy::Cause;
using proxy::IpAddress;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint16_t kClientPort = 40'000;
constexpr std::uint32_t kVirtualIp = 0x7f600001;
constexpr std::uint32_t kFirstContainer = 0x0a010001;
constexpr auto kSpan = seconds(6);
/// Sessions that last are none of this simulation's concern.
constexpr auto kAfter = seconds(3);
constexpr std::uint32_t kClients = 150;
/// Longer than a SYN and its answer take.
constexpr auto kHandshake = milliseconds(5);

Scenario calm(std::uint64_t seed) {
  Scenario scenario;
  scenario.seed = seed;
  scenario.sessions = kClients;
  scenario.session_budget = kClients + 1;
  return scenario;
}

EngineTroubles draw_troubles(Random& random) {
  return {.lost = random.chance(0.7) ? random.unit() * 0.3 : 0,
          .repeated = random.unit() * 0.5,
          .late = random.chance(0.7) ? random.unit() : 0,
          .slow = random.chance(0.7) ? random.unit() : 0,
          .restarts = random.chance(0.5) ? random.unit() * 0.1 : 0};
}

std::shared_ptr<const config::Configuration> configuration() {
  auto out = std::make_shared<config::Configuration>();
  for (const SimulatedService& simulated : kSimulatedServices) {
    config::Service& service = out->services.emplace_back();
    service.metadata.name = simulated.app;
    service.metadata.ns = "shop";
    service.cluster_ips = {IpAddress::v4(kVirtualIp).to_string()};
    service.selector = discovery::Selector::parse("app=" + std::string(simulated.app)).value();
    service.ports = {{"", simulated.port, config::Protocol::kTcp, simulated.port}};
    // As many as there are addresses: however many of them went at once, one that is there is reached.
  }
  return out;
}

}  // namespace

/// No Service here has a health check.
class SourcesWorld::NoHealth final : public discovery::HealthChecker {
  std::unique_ptr<Subscription> watch(const SocketAddress& /*address*/, const config::HealthCheck& /*check*/,
                                      Changed /*changed*/) override {
    return nullptr;
  }
};

SourcesWorld::SourcesWorld(std::uint64_t seed, proxy::EndedLog& ended)
    : scenario_(calm(seed)),
      random_(seed * 0x2545f4914f6cdd1dULL + 0x9e3779b9ULL),
      ended_(ended),
      hosts_(timeline_),
      network_(timeline_, hosts_, trace_, scenario_.weather, random_.next()),
      ring_(timeline_, network_, *this, trace_, scenario_.limits, scenario_.faults, random_.next()),
      peers_(timeline_, network_, trace_, scenario_, random_.next()),
      checker_(std::make_unique<NoHealth>()),
      reconciler_(1, *this, *checker_, *this),
      store_(*this) {
  hosts_.join(network_, peers_);
  budget_.limit = scenario_.session_budget;
  const proxy::SessionTable::Shared shared{
      .ring = ring_, .counters = counters_, .budget = budget_, .worker = 0, .seed = random_.next(), .ended = &ended_};
  reactor_ = std::make_unique<proxy::Reactor>(
      shared, -1,
      proxy::Reactor::Hooks{.woken = {}, .in_force = [this](std::uint64_t version) { in_force_ = version; }});
  reconciler_.configure(configuration());
  const EngineTroubles troubles = draw_troubles(random_);
  for (const char* name : {"docker", "containerd"}) {
    const auto first = static_cast<std::uint32_t>(kFirstContainer + 0x100 * engines_.size());
    engines_.push_back(std::make_unique<Engine>(name, first, timeline_, hosts_, store_, troubles, random_.next()));
    engines_.back()->start();
  }
  build();
  for (std::uint32_t client = 0; client < kClients; ++client) {
    timeline_.after(random_.between(Duration(), kSpan), *this, kClient, client);
  }
  for (std::uint32_t changes = 5 + random_.below(100); changes > 0; --changes) {
    timeline_.after(random_.between(Duration(), kSpan), *this, kChange, random_.below(2));
  }
  timeline_.after(seconds(1), *this, kReview, 0);
  timeline_.after(kSpan + kAfter, *this, kStop, 0);
}

void SourcesWorld::act(std::uint32_t what, std::uint32_t subject) {
  switch (static_cast<Happening>(what)) {
    case kClient:
      connect_client(subject);
      break;
    case kLook:
      check_connected(subject);
      break;
    case kChange:
      engines_[subject]->change();
      break;
    case kBuild:
      build_planned_ = false;
      build();
      break;
    case kExpire:
      expire_planned_ = Time::max();
      expire();
      break;
    case kReview:
      reconciler_.review_sessions();
      timeline_.after(seconds(1), *this, kReview, 0);
      break;
    case kStop:
      post([this] { reactor_->stop(); });
  }
}

void SourcesWorld::connect_client(std::uint32_t client) {
  const SocketAddress local(IpAddress::v4(kFirstClient + client), kClientPort);
  connected_at_[local] = timeline_.now();
  const SimulatedService& service = kSimulatedServices[random_.below(2)];
  timeline_.after(kHandshake, *this, kLook, network_.end_count());
  peers_.connect(local, SocketAddress(IpAddress::v4(kVirtualIp), service.port));
}

void SourcesWorld::snapshot_wanted() {
  if (!std::exchange(build_planned_, true)) {
    timeline_.after(random_.between(Duration(), kMostBuild), *this, kBuild, 0);
  }
}

void SourcesWorld::build() {
  if (auto snapshot = reconciler_.build()) {
    ++outcome_.snapshots;
    publish(std::move(snapshot));
  }
  expire();
}

/// As DataPlane::publish, for one worker.
void SourcesWorld::publish(std::shared_ptr<const proxy::Snapshot> snapshot) {
  const proxy::Plan* before = plans_.empty() ? nullptr : plans_.back().get();
  auto plan = std::make_unique<proxy::Plan>();
  proxy::Switch change;
  for (std::uint32_t slot = 0; slot < snapshot->ports.size(); ++slot) {
    const proxy::ServicePort* port = snapshot->ports[slot].get();
    const bool same = before != nullptr && before->port(slot) == port;
    plan->pickers.push_back(port == nullptr ? nullptr : same ? before->pickers[slot] : proxy::make_picker(*port));
    if (!same) {
      change.changed_slots.push_back(slot);
    }
    if (before == nullptr && port != nullptr) {
      const SocketAddress& address = port->listen.front();
      change.added.push_back({.fd = ring_.bind(address), .address = address, .port_slot = slot});
    }
  }
  plan->snapshot = std::move(snapshot);
  change.plan = plan.get();
  plans_.push_back(std::move(plan));
  if (before == nullptr) {
    reactor_->switch_to(change);
  } else {
    post([this, change = std::move(change)] { reactor_->switch_to(change); });
  }
}

void SourcesWorld::expire() {
  const Time next = reconciler_.expire(in_force_);
  if (next < expire_planned_) {
    expire_planned_ = next;
    timeline_.at(std::max(next, timeline_.now() + milliseconds(1)), *this, kExpire, 0);
  }
}

void SourcesWorld::close_sessions(const std::shared_ptr<proxy::EndpointState>& endpoint, Cause cause) {
  post([this, endpoint, cause] { reactor_->sessions().close(endpoint.get(), cause); });
}

void SourcesWorld::reset_sessions(const std::shared_ptr<proxy::EndpointState>& endpoint, Cause cause) {
  post([this, endpoint, cause] { reactor_->sessions().abort(endpoint.get(), cause); });
}

void SourcesWorld::post(std::function<void()> work) {
  posted_.push_back(std::move(work));
  ring_.wake();
}

void SourcesWorld::between_completions() {
  for (const auto& work : std::exchange(posted_, {})) {
    work();
  }
}

void SourcesWorld::on_connect(EndId /*end*/, const SocketAddress& to, proxy::Token /*token*/) {
  ++outcome_.connects;
  if (const Duration gone = hosts_.gone_for(to); gone > kPropagation) {
    report("a session goes to " + to.to_string() + ", which has been gone for " +
           std::to_string(std::chrono::duration_cast<milliseconds>(gone).count()) + " ms");
  }
}

/// A Service without endpoints does not listen, so that no session tells of these.
void SourcesWorld::check_connected(EndId client) {
  const proxy::simulated::End& end = network_.at(client);
  if (!end.established) {
    refused(end.address, end.peer, "nobody listens");
  }
}

void SourcesWorld::check_ended(const proxy::EndedSession& ended) {
  if (std::ranges::find(proxy::kRejections, ended.cause) != proxy::kRejections.end()) {
    refused(ended.client, ended.virtual_ip, to_string(ended.cause));
  }
}

void SourcesWorld::refused(const SocketAddress& client, const SocketAddress& virtual_ip, std::string_view why) {
  ++outcome_.refused;
  if (hosts_.any_usable_since(virtual_ip.port(), connected_at_.at(client) - kPropagation)) {
    report("a session of " + client.to_string() + " is refused (" + std::string(why) + ") while an endpoint of " +
           virtual_ip.to_string() + " is ready");
  }
}

void SourcesWorld::read_log() {
  ended_.drain([this](const proxy::EndedSession& ended) {
    ++outcome_.ended;
    check_ended(ended);
    if (ended.endpoint != nullptr) {
      ended.endpoint->pinned.fetch_sub(1, std::memory_order_relaxed);
    }
  });
}

void SourcesWorld::report(std::string what) {
  if (!outcome_.violation) {
    const auto at =
        std::chrono::duration_cast<milliseconds>(timeline_.now().time_since_epoch() - std::chrono::hours(1));
    outcome_.violation = "after " + std::to_string(at.count()) + " ms: " + what;
  }
}

SourcesOutcome SourcesWorld::play() {
  while (!outcome_.violation && reactor_->turn()) {
    read_log();
  }
  read_log();
  return outcome_;
}

}  // namespace ringway::sim
