#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

namespace ringway::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint16_t kClientPort = 40'000;
/// So long a session may outlive its peers: a FIN that is not answered, a reader that takes nothing.
constexpr auto kAfterPeers = seconds(40);
/// And so much longer where bandwidth is limited: what a peer had said before it went is read first.
constexpr auto kAtARate = seconds(400);
/// A connect that nobody answers takes 127 s, sixteen times.
constexpr auto kAfterConnects = seconds(2100);
/// After want of files or places accepting goes on within this.
constexpr auto kAcceptsAgain = seconds(5);
constexpr auto kLook = seconds(3);
constexpr std::uint64_t kMostTurns = 20'000'000;

}  // namespace

World::World(const Scenario& scenario, proxy::EndedLog& ended, bool traced)
    : scenario_(scenario),
      random_(scenario.seed ^ 0x1234567),
      ended_(ended),
      upstreams_(timeline_, scenario_, random_.next()),
      network_(timeline_, upstreams_, trace_, scenario.weather, random_.next()),
      checker_(timeline_, network_),
      ring_(timeline_, network_, checker_, trace_, scenario.limits, scenario.faults, random_.next()),
      peers_(timeline_, network_, trace_, scenario_, random_.next()),
      services_(upstreams_, ring_, scenario_, random_.next()) {
  if (traced) {
    trace_.enable();
  }
  upstreams_.join(network_, peers_);
  checker_.join(services_, ring_, scenario_.limits.buffer_bytes, [this] { run_posted(); });
  peers_.on_giving_up(
      [this](EndId end) { checker_.check_giving_up(end, timeline_.now() - scarce_at_ > kAcceptsAgain); });
  budget_.limit = scenario_.session_budget;
  const proxy::SessionTable::Shared shared{
      .ring = ring_, .counters = counters_, .budget = budget_, .worker = 0, .seed = random_.next(), .ended = &ended_};
  reactor_ = std::make_unique<proxy::Reactor>(
      shared, -1, proxy::Reactor::Hooks{.woken = {}, .in_force = [this](std::uint64_t version) {
                                          services_.set_in_force(version);
                                        }});
  reactor_->switch_to(services_.advance());
  plan_events();
}

void World::plan_events() {
  timeline_.after(kLook, *this, kEndCheck, 0);
  const auto within = [this](Duration most) { return random_.between(Duration(), most); };
  for (std::uint32_t client = 0; client < scenario_.sessions; ++client) {
    timeline_.after(within(scenario_.arrivals), *this, kClient, client);
  }
  const Duration span = scenario_.arrivals + within(seconds(1));
  for (std::uint32_t count = 0; count < scenario_.switches; ++count) {
    timeline_.after(within(span), *this, kSwitch, 0);
  }
  for (std::uint32_t count = 0; count < scenario_.closed_endpoints; ++count) {
    timeline_.after(within(span), *this, kCloseEndpoint, 0);
  }
  if (scenario_.drains) {
    timeline_.after(within(span * 2), *this, kDrain, 0);
  }
  if (scenario_.stops_early) {
    timeline_.after(within(span * 2), *this, kStop, 0);
  }
}

void World::act(std::uint32_t what, std::uint32_t subject) {
  switch (static_cast<Happening>(what)) {
    case kClient: {
      const SocketAddress local(proxy::IpAddress::v4(kFirstClient + subject % kClientAddresses),
                                static_cast<std::uint16_t>(kClientPort + subject / kClientAddresses));
      ++clients_;
      peers_.connect(local, services_.virtual_ip(random_.below(services_.count())));
      break;
    }
    case kEndCheck:
      check_end();
      break;
    case kSwitch:
    case kCloseEndpoint:
    case kDrain:
    case kStop:
      posted_.push_back(what);
      ring_.wake();
  }
}

/// As a worker's mailbox: between two completions, whichever they are.
void World::run_posted() {
  for (const std::uint32_t what : std::exchange(posted_, {})) {
    run(what);
  }
}

void World::run(std::uint32_t what) {
  switch (static_cast<Happening>(what)) {
    case kSwitch:
      if (stopping_) {
        break;
      }
      trace_.add(timeline_.now(), "the plan changes", kNoEnd);
      reactor_->switch_to(services_.advance());
      break;
    case kCloseEndpoint: {
      const proxy::EndpointState* endpoint = services_.any_endpoint();
      if (endpoint == nullptr) {
        break;
      }
      checker_.allow_close(&endpoint->address);
      if (random_.chance(0.5)) {
        trace_.add(timeline_.now(), "the sessions of an endpoint are closed", kNoEnd);
        reactor_->sessions().close(endpoint, proxy::Cause::kDrained);
      } else {
        trace_.add(timeline_.now(), "the sessions of an endpoint are reset", kNoEnd);
        reactor_->sessions().abort(endpoint, proxy::Cause::kDrained);
      }
      break;
    }
    case kDrain:
      trace_.add(timeline_.now(), "the data plane drains", kNoEnd);
      reactor_->drain([] {});
      break;
    case kStop:
      stop();
      break;
    case kClient:
    case kEndCheck:
      break;
  }
}

void World::stop() {
  if (!std::exchange(stopping_, true)) {
    trace_.add(timeline_.now(), "the data plane stops", kNoEnd);
    checker_.allow_close(nullptr);
    reactor_->stop();
  }
}

void World::check_end() {
  if (stopping_) {
    return;
  }
  const bool peers_gone = clients_ == scenario_.sessions && peers_.open() == 0;
  const Duration since = peers_gone ? timeline_.now() - peers_.last_ended() : Duration::zero();
  const EndId established = checker_.still_established();
  const Duration after = kAfterPeers + (scenario_.bandwidths ? Duration(kAtARate) : Duration::zero());
  if (since >= after && established != kNoEnd) {
    checker_.report(established, "a session outlives its peers");
  } else if (since >= after && reactor_->sessions().size() == 0) {
    posted_.push_back(kStop);
    ring_.wake();
  } else if (since >= kAfterConnects) {
    checker_.report(kNoEnd, "a session that never connected outlives its client");
  } else {
    timeline_.after(kLook, *this, kEndCheck, 0);
  }
}

Outcome World::play() {
  while (!checker_.violation() && reactor_->turn()) {
    checker_.after_turn();
    services_.collect();
    if (budget_.spent() || ring_.files_exhausted()) {
      scarce_at_ = timeline_.now();
    }
    read_log();
    if (++outcome_.turns > kMostTurns) {
      checker_.report(kNoEnd, "the data plane does not come to an end");
    }
  }
  read_log();
  if (!checker_.violation()) {
    check_leftovers();
  }
  outcome_.violation = checker_.violation();
  outcome_.established = checker_.established_ever();
  outcome_.copied_bytes = counters_.relay_copy_bytes.get();
  outcome_.spliced_bytes = counters_.relay_splice_bytes.get();
  return outcome_;
}

void World::read_log() {
  ended_.drain([this](const proxy::EndedSession& ended) {
    ++outcome_.ended[static_cast<std::size_t>(ended.cause)];
    if (ended.endpoint != nullptr) {
      ended.endpoint->pinned.fetch_sub(1, std::memory_order_relaxed);
    }
    checker_.check_ended(ended);
  });
}

void World::check_leftovers() {
  const auto expect_none = [this](std::uint64_t count, const char* what) {
    if (count != 0) {
      checker_.report(kNoEnd, "left at the end: " + std::to_string(count) + " " + what);
    }
  };
  expect_none(reactor_->sessions().size(), "sessions");
  expect_none(ring_.operations_outstanding(), "operations");
  expect_none(ring_.buffers_held(), "buffers");
  expect_none(ring_.pipes_held(), "pipes");
  expect_none(ring_.open_files(), "files");
  expect_none(budget_.used.load(), "places taken of the session budget");
  expect_none(counters_.sessions_active.get(), "sessions counted");
  if (std::string leftovers = services_.leftovers(); !leftovers.empty()) {
    checker_.report(kNoEnd, std::move(leftovers));
  }
}

}  // namespace ringway::sim
