#include "bench/soak/traffic.h"

#include <sys/epoll.h>

#include <array>

namespace ringway::soak {
namespace {

constexpr int kTick_ms = 5;
/// A connection that failed is followed by the next after this.
constexpr milliseconds kAfterFailure{50};

}  // namespace

void TrafficReport::add(const TrafficReport& other) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    kinds[i].begun += other.kinds[i].begun;
    kinds[i].finished += other.kinds[i].finished;
    kinds[i].reset += other.kinds[i].reset;
    kinds[i].excused += other.kinds[i].excused;
    kinds[i].lost += other.kinds[i].lost;
    kinds[i].bytes += other.kinds[i].bytes;
  }
  for (const auto& [name, count] : other.excuses) {
    excuses[name] += count;
  }
  for (const auto& [name, count] : other.uploads) {
    uploads[name] += count;
  }
}

Traffic::Traffic(std::vector<Target> targets, std::uint64_t seed, const Ledger& ledger, Verdict& verdict)
    : targets_(std::move(targets)), ledger_(ledger), verdict_(verdict), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  Random seeds(seed);
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (std::uint32_t i = 0; i < kTraits[kind].at_once; ++i) {
      actors_.push_back(
          std::make_unique<Actor>(Actor{.kind = static_cast<Kind>(kind), .random = Random(seeds.next())}));
    }
  }
  thread_ = std::jthread([this] { work(); });
}

Traffic::~Traffic() {
  stop();
}

TrafficReport Traffic::stop() {
  stopping_ = true;
  if (thread_.joinable()) {
    thread_.join();
  }
  return report_;
}

void Traffic::work() {
  std::array<epoll_event, 512> events;
  auto clocks_due = Clock::now();
  while (!stopping_ || open_ > 0) {
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), kTick_ms);
    for (int i = 0; i < count; ++i) {
      const std::size_t index = events[static_cast<std::size_t>(i)].data.u64;
      if (Client& client = actors_[index]->client; client.state() != Client::State::kIdle) {
        client.advance();
        settle(index);
      }
    }
    if (count <= 0 || Clock::now() >= clocks_due) {
      look_at_clocks();
      clocks_due = Clock::now() + milliseconds(kTick_ms);
    }
  }
}

void Traffic::look_at_clocks() {
  const auto now = Clock::now();
  for (std::size_t i = 0; i < actors_.size(); ++i) {
    Actor& actor = *actors_[i];
    if (actor.client.state() != Client::State::kIdle) {
      actor.client.tick(now, stopping_);
      settle(i);
    } else if (!stopping_ && now >= actor.next && (actor.kind != Kind::kFlood || flooding_)) {
      begin(i);
    }
  }
}

void Traffic::begin(std::size_t index) {
  Actor& actor = *actors_[index];
  actor.client.begin(draw(actor.kind, targets_, actor.random));
  ++open_;
  ++report_.kinds[static_cast<std::size_t>(actor.kind)].begun;
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = index}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, actor.client.fd(), &event);
  settle(index);
}

void Traffic::settle(std::size_t index) {
  Actor& actor = *actors_[index];
  Client& client = actor.client;
  if (!client.over()) {
    return;
  }
  Tally& tally = report_.kinds[static_cast<std::size_t>(actor.kind)];
  tally.bytes += client.script().upload ? client.sent() : client.received();
  actor.next = Clock::now();
  if (client.state() == Client::State::kFinished) {
    ++tally.finished;
    tally.reset += client.reset_by_us() ? 1 : 0;
    if (client.script().upload) {
      ++report_.uploads[client.server()];
    }
  } else {
    actor.next += kAfterFailure;
    const Failure& failure = client.failure();
    if (const std::string excuse = ledger_.excuse(failure); !excuse.empty()) {
      ++tally.excused;
      ++report_.excuses[failure.what + ": " + excuse];
    } else {
      ++tally.lost;
      const auto age = std::chrono::duration_cast<milliseconds>(failure.failed - failure.begun);
      verdict_.violated(std::string(kTraits[static_cast<std::size_t>(actor.kind)].name) + " to " + failure.service +
                        " at " + (failure.server.empty() ? "no server" : failure.server) + ": " + failure.what +
                        " after " + std::to_string(age.count()) + " ms, " + std::to_string(client.sent()) +
                        " bytes sent, " + std::to_string(client.received()) + " received");
    }
  }
  client.clear();
  --open_;
}

}  // namespace ringway::soak
